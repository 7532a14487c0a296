\set n :n + 1
\set buyer :first + :client_id * 10000000 + :n / :times
SELECT claim(:sale, :buyer);
