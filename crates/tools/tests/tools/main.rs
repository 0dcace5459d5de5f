//! Tools from outside: the contract of the port, hostile paths and arguments, and what each tool does.

#[cfg(test)]
mod contract;
#[cfg(test)]
mod exec;
#[cfg(test)]
mod files;
#[cfg(test)]
mod home;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod toolbox;
