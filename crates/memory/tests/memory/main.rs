//! Memory from outside: the contract of the port, and what is particular to the built-in engine.

#[cfg(test)]
mod contract;
#[cfg(test)]
mod engine;
#[cfg(test)]
mod home;
#[cfg(test)]
mod meaning;
mod surfaces;
#[cfg(test)]
mod weighted;
