CREATE TABLE sale (
    id     INT PRIMARY KEY,
    stock  INT NOT NULL CHECK (stock >= 0)
) ENGINE=InnoDB;

CREATE TABLE winner (
    sale     INT NOT NULL,
    buyer    BIGINT NOT NULL,
    `order`  BIGINT NOT NULL AUTO_INCREMENT,
    PRIMARY KEY (sale, buyer),
    KEY (`order`)
) ENGINE=InnoDB;

-- 0 won, 1 already, 2 sold out; as for PostgreSQL.  The autocommit of a
-- procedure would be one for each statement.

DELIMITER //
CREATE PROCEDURE claim(the_sale INT, the_buyer BIGINT)
claim: BEGIN
    IF EXISTS (SELECT 1 FROM winner
               WHERE sale = the_sale AND buyer = the_buyer)
    THEN
        SELECT 1;
        LEAVE claim;
    END IF;

    IF NOT EXISTS (SELECT 1 FROM sale WHERE id = the_sale AND stock > 0) THEN
        SELECT 2;
        LEAVE claim;
    END IF;

    START TRANSACTION;

    INSERT IGNORE INTO winner (sale, buyer) VALUES (the_sale, the_buyer);

    IF ROW_COUNT() = 0 THEN
        ROLLBACK;
        SELECT 1;
        LEAVE claim;
    END IF;

    UPDATE sale SET stock = stock - 1 WHERE id = the_sale AND stock > 0;

    IF ROW_COUNT() = 0 THEN
        ROLLBACK;
        SELECT 2;
        LEAVE claim;
    END IF;

    COMMIT;
    SELECT 0;
END //
DELIMITER ;
