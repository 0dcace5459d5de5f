//! HTTP on the gateway's port: the gate every request passes, the page, the upgrade.

pub(crate) mod assets;
pub(crate) mod gate;
pub(crate) mod page;
pub(crate) mod router;
