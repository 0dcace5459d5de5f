//! The program `qmd` as a memory: against a fake that speaks its command line and writes its index, against a runner that
//! is in the hands of the test, and against the real one when there is one.

#[cfg(test)]
mod fake;
#[cfg(test)]
mod flow;
#[cfg(test)]
mod place;
#[cfg(test)]
mod program;
#[cfg(test)]
mod real;
