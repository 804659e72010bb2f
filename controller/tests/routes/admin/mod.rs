//! `/v2/admin`

mod perms;
