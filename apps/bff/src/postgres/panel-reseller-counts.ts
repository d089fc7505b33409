/**
 * How many subscribers each reseller has, kept by the database: of a million a count takes most of a second. A row of a
 * reseller is there once he has had one.
 */

export const RESELLER_COUNTS = [
  `CREATE TABLE reseller_counts (
     reseller_id integer PRIMARY KEY REFERENCES users ON DELETE CASCADE,
     subscribers integer NOT NULL)`,
  // Rows are taken in the order of their ids, so that of two that move subscribers crosswise one waits and none is refused.
  // It has its owner's rights: whoever may change subscribers counts right, whatever else he may write.
  `CREATE FUNCTION panel_count_of_resellers() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
   BEGIN
     IF TG_OP = 'INSERT' THEN
       INSERT INTO reseller_counts AS counted
       SELECT reseller_id, count(*) FROM came WHERE reseller_id IS NOT NULL GROUP BY 1 ORDER BY 1
       ON CONFLICT (reseller_id) DO UPDATE SET subscribers = counted.subscribers + excluded.subscribers;
     ELSIF TG_OP = 'DELETE' THEN
       INSERT INTO reseller_counts AS counted
       SELECT reseller_id, -count(*) FROM went WHERE reseller_id IS NOT NULL GROUP BY 1 ORDER BY 1
       ON CONFLICT (reseller_id) DO UPDATE SET subscribers = counted.subscribers + excluded.subscribers;
     ELSIF TG_OP = 'UPDATE' THEN
       INSERT INTO reseller_counts AS counted
       SELECT * FROM (VALUES (OLD.reseller_id, -1), (NEW.reseller_id, 1)) AS moved (reseller_id, subscribers)
        WHERE reseller_id IS NOT NULL ORDER BY 1
       ON CONFLICT (reseller_id) DO UPDATE SET subscribers = counted.subscribers + excluded.subscribers;
     ELSE
       UPDATE reseller_counts SET subscribers = 0;
     END IF;
     RETURN NULL;
   END $$`,
  `CREATE TRIGGER panel_count_new AFTER INSERT ON subscribers REFERENCING NEW TABLE AS came
     FOR EACH STATEMENT EXECUTE FUNCTION panel_count_of_resellers()`,
  `CREATE TRIGGER panel_count_gone AFTER DELETE ON subscribers REFERENCING OLD TABLE AS went
     FOR EACH STATEMENT EXECUTE FUNCTION panel_count_of_resellers()`,
  `CREATE TRIGGER panel_count_moved AFTER UPDATE OF reseller_id ON subscribers FOR EACH ROW
     WHEN (OLD.reseller_id IS DISTINCT FROM NEW.reseller_id) EXECUTE FUNCTION panel_count_of_resellers()`,
  `CREATE TRIGGER panel_count_all_gone AFTER TRUNCATE ON subscribers
     FOR EACH STATEMENT EXECUTE FUNCTION panel_count_of_resellers()`,
] as const;
