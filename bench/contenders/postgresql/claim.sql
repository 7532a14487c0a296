\set n :n + 1
\set buyer :first + :client_id * :span + :n / :times
SELECT claim(:sale, :buyer);
