//! Memory from outside: the contract of the port, and what is particular to the built-in engine.

#[cfg(test)]
mod contract;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod engine;
#[cfg(test)]
mod finding;
#[cfg(test)]
mod freshness;
#[cfg(test)]
mod home;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod meaning;
#[cfg(test)]
mod rebuild;
#[cfg(test)]
mod recovery;
#[cfg(test)]
mod remains;
#[cfg(test)]
mod selftest;
#[cfg(test)]
mod shared;
#[cfg(test)]
mod spending;
#[cfg(test)]
mod surfaces;
#[cfg(test)]
mod transcripts;
#[cfg(test)]
mod unread;
#[cfg(test)]
mod weighted;
