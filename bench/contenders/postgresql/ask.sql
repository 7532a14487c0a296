\set n :n + 1
\set buyer :first + :client_id * :span + :n
SELECT "order" FROM winner WHERE sale = :sale AND buyer = :buyer;
