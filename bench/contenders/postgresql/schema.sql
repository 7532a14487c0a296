CREATE TABLE sale (
    id     int PRIMARY KEY,
    stock  int NOT NULL CHECK (stock >= 0)
);

CREATE TABLE winner (
    sale     int NOT NULL,
    buyer    bigint NOT NULL,
    "order"  bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (sale, buyer)
);

-- 0 won, 1 already, 2 sold out.  One round trip, and the hot row last: it is
-- locked for no longer than the commit takes.  Most buyers of a sold out sale
-- write nothing.

CREATE FUNCTION claim(the_sale int, the_buyer bigint) RETURNS int
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM winner WHERE sale = the_sale AND buyer = the_buyer;
    IF FOUND THEN
        RETURN 1;
    END IF;

    PERFORM 1 FROM sale WHERE id = the_sale AND stock > 0;
    IF NOT FOUND THEN
        RETURN 2;
    END IF;

    INSERT INTO winner (sale, buyer) VALUES (the_sale, the_buyer)
        ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN 1;
    END IF;

    UPDATE sale SET stock = stock - 1 WHERE id = the_sale AND stock > 0;
    IF NOT FOUND THEN
        DELETE FROM winner WHERE sale = the_sale AND buyer = the_buyer;
        RETURN 2;
    END IF;

    RETURN 0;
END
$$;
