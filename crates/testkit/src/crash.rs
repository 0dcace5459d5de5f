//! What proves that nothing is lost and nothing done twice: a platform that hands in messages and keeps at it until they
//! are acknowledged, a model that remembers what it was asked, and a judge who compares both with what is on the disk.
//!
//! ```no_run
//! # async fn example() -> Result<(), openclaw_testkit::crash::Broken> {
//! use openclaw_testkit::crash::{Brain, Dice, Goal, Judge, Link, Platform, Site};
//!
//! let (brain, site) = (Brain::start(), Site::new());
//! site.configure(&brain, &serde_json::json!({}));
//! let mut platform = Platform::new(Dice::new(7), 3);
//! platform.write(50);
//! let gateway = site.start("target/release/openclaw".as_ref()).await;
//! let mut link = Link::open(site.port()).await?;
//! platform.deliver(&mut link, Goal::Acknowledged).await?;
//! gateway.kill();
//! platform.drain(&mut link).await;
//! drop(gateway);
//! // Start again, deliver the rest, wait for the ends, and compare.
//! let verdict = Judge::of(&site.state_dir(), &platform.facts()).judge();
//! assert!(verdict.is_clean(), "{}", verdict.describe(10));
//! # Ok(())
//! # }
//! ```

mod brain;
mod dice;
mod judge;
mod link;
mod message;
mod platform;
mod site;
mod transcript;

pub use brain::Brain;
pub use dice::Dice;
pub use judge::{Finding, Judge, Verdict, Wrong};
pub use link::{Broken, Link};
pub use message::{Fact, Mix, Token};
pub use platform::{Goal, Platform, Progress, Tally};
pub use site::{Site, TOKEN, free_port};
