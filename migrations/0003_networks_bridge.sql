-- A bridge is named after its app. An app whose subnet turned out to be somebody else's gives it back and claims another
-- while the first one rests: only bridges in use have to differ.
alter table networks drop constraint networks_bridge_key;
create unique index networks_bridge on networks (bridge) where app_id is not null;
