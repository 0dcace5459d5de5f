//! Memory from outside: the contract of the port, and what is particular to the built-in engine.

#[cfg(test)]
mod contract;
#[cfg(test)]
mod engine;
#[cfg(test)]
mod home;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod meaning;
#[cfg(test)]
mod spending;
mod surfaces;
#[cfg(test)]
mod weighted;
