//! Connection tracking: forgetting every connection of a namespace.

use super::{Batch, Connection, Refused};

/// `NFNL_SUBSYS_CTNETLINK` and `IPCTNL_MSG_CT_DELETE`.
const DELETE: u16 = (1 << 8) | 2;

/// Forgets every connection. A request to delete that names none is for all of them.
pub(crate) fn forget_all(connection: &Connection) -> Result<(), Refused> {
    let mut batch = Batch::default();
    batch.push(DELETE, 0, |bytes| super::filter::header(bytes, 0, 0));
    connection.transact(&mut batch)
}
