//! From a TCP connection to one well-formed HTTP request: everything a stranger can do before anybody looks at who
//! they are.

pub(crate) mod accept;
pub(crate) mod head;
pub(crate) mod rewind;
