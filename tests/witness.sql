-- A witness for tests: takes down every write to what only the holder of an app's lease may write, when somebody else made
-- it. Connections of a controller bear its process's uuid in their name. Requests may cancel operations and ask for new
-- instances; the end of an app takes all of its rows along.
create table strays (at timestamptz not null default clock_timestamp(), line text not null);
create function testify() returns trigger language plpgsql as $$
declare holder uuid; changed record := coalesce(new, old);
begin
    select lease_owner into holder from apps where id = changed.app_id and destroyed_at is null;
    -- An app that nobody has held yet is written by whoever makes it.
    if holder is not null and strpos(current_setting('application_name'), holder::text) = 0 then
        insert into strays (line) values (format('%s of %s by %s, held by %s: %s',
            tg_op, tg_table_name, current_setting('application_name'), holder, to_jsonb(changed)));
    end if;
    return null;
end $$;
create trigger testify after insert or update or delete on releases for each row execute function testify();
create trigger testify after insert or delete on instances for each row execute function testify();
create trigger testify_update after update on instances for each row
    when (old.replace = new.replace) execute function testify();
create trigger testify after update on operations for each row
    when (new.state <> 'cancelled') execute function testify();
