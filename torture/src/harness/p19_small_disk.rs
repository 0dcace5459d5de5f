//! P-19 on a real disk that is really full: a small one in memory, filled up and freed.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use openclaw_guard::{child_command, create_private_dir};
use openclaw_testkit::crash::{Brain, Dice, Goal, Mix, Platform, Site};
use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use serde_json::json;
use tokio::time::timeout;

use super::args::{Promise, Settings};
use super::life::Life;
use super::report::Row;
use super::stage::Stage;

const SIZE: &std::ffi::CStr = c"size=128m,mode=700";
/// How often it is filled up, of a full run and of a slice.
const FILLINGS: usize = 40;
const SLICE_FILLINGS: usize = 3;
/// The most bytes left when it is filled up.
const MAX_LEFT: usize = 96 * 1024;
/// How long messages are handed in while it is full.
const REFUSED: Duration = Duration::from_millis(300);
/// From the moment there is room again to the next acknowledged message.
const MAX_RECOVERY: Duration = Duration::from_secs(5);
const SESSIONS: usize = 4;
/// Messages accepted before it is filled up, and handed in while it is full.
const IN_FLIGHT: usize = 8;
const WHILE_FULL: usize = 10;
const BLOCK: usize = 64 * 1024;

/// A mounted disk; dropping it takes it away.
struct Disk(PathBuf);

impl Drop for Disk {
    fn drop(&mut self) {
        // The home is removed with it or without it.
        unmount(&self.0, UnmountFlags::DETACH).ok();
    }
}

/// Runs it here, or in a namespace where it is allowed, or says that it cannot.
pub(crate) async fn run(settings: &Settings) -> Result<Row> {
    let fillings = if settings.stride > 1 { SLICE_FILLINGS } else { FILLINGS };
    let site = Site::new();
    create_private_dir(&site.state_dir())?;
    match mount("openclaw-torture", site.state_dir(), "tmpfs", MountFlags::empty(), SIZE) {
        Ok(()) => {}
        Err(Errno::PERM | Errno::ACCESS) if !settings.is_inner => return elsewhere(settings, fillings),
        Err(error) => bail!("cannot mount a small disk: {error}"),
    }
    let disk = Disk(site.state_dir());
    let mut row = Row::new(Promise::P19, "a small disk, filled and freed", fillings);
    let outcome = fill_and_free(settings, site, fillings, &mut row).await;
    drop(disk);
    if let Err(error) = outcome {
        row.fail(format!("{error:#}"));
    }
    Ok(row.finish())
}

/// Runs this program again where mounting is allowed to everybody.
fn elsewhere(settings: &Settings, fillings: usize) -> Result<Row> {
    let mut row = Row::new(Promise::P19, "a small disk, filled and freed (unshare)", fillings);
    let seed = settings.seed.to_string();
    let own = std::env::current_exe()?;
    let mut command = child_command("unshare");
    command.arg("-rm").arg(own).args(["--inner", "--seed", &seed, "--bin"]).arg(&settings.binary);
    if settings.stride > 1 {
        command.arg("--slice");
    }
    let Ok(output) = command.output() else {
        return Ok(skipped());
    };
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        row.done = fillings;
    } else if words.contains("unshare") {
        return Ok(skipped());
    } else {
        row.fail(words);
    }
    Ok(row.finish())
}

fn skipped() -> Row {
    let mut row = Row::new(Promise::P19, "a small disk: SKIPPED", 0);
    row.note("neither mount nor `unshare -rm` is allowed here; run as root to fill a real disk".to_owned());
    row.finish()
}

async fn fill_and_free(settings: &Settings, site: Site, fillings: usize, row: &mut Row) -> Result<()> {
    let mut dice = Dice::new(settings.seed).fork(64);
    let brain = Brain::start();
    site.configure(&brain, &json!({}));
    let filler = site.state_dir().join("filler");
    let platform = Platform::new(dice.fork(1), SESSIONS).with_mix(Mix { tools: 30, long: 0, agent: 25 });
    let mut stage =
        Stage { site, brain, platform, binary: settings.binary.clone(), keep: settings.keep.clone() };
    let mut life = stage.life();
    stage.platform.write(SESSIONS);
    stage.deliver(&mut life).await?;
    let (mut slowest, mut put_off) = (Duration::ZERO, 0);
    for filling in 0..fillings {
        let place = || format!("filling {filling}");
        let (took, refusals) =
            one_filling(&mut stage, &mut life, &filler, &mut dice).await.with_context(place)?;
        (slowest, put_off) = (slowest.max(took), put_off + refusals);
        row.done += 1;
    }
    row.note(format!("{put_off} refusals while it was full; slowest recovery {slowest:.2?}"));
    if put_off == 0 {
        row.fail("a full disk refused nothing".to_owned());
    }
    let verdict = stage.close(life).await?;
    row.judge(verdict, "small disk");
    Ok(())
}

async fn one_filling(
    stage: &mut Stage,
    life: &mut Life,
    filler: &Path,
    dice: &mut Dice,
) -> Result<(Duration, usize)> {
    let before = stage.platform.tally().put_off;
    stage.platform.write(IN_FLIGHT);
    stage.deliver(life).await?;
    // These turns are not done yet; their ends must find room, or wait for it.
    fill(filler, dice.below(MAX_LEFT))?;
    let mut link = life.link(stage.site.port()).await?;
    stage.platform.write(WHILE_FULL);
    // What it takes now it must keep; what it refuses the platform keeps.
    timeout(REFUSED, stage.platform.deliver(&mut link, Goal::Acknowledged)).await.ok();
    std::fs::remove_file(filler)?;
    let began = Instant::now();
    timeout(MAX_RECOVERY, stage.deliver(life)).await.context("it does not work again")??;
    Ok((began.elapsed(), stage.platform.tally().put_off - before))
}

/// Takes all room but these bytes.
fn fill(path: &Path, left: usize) -> Result<()> {
    let mut file = File::create(path)?;
    let block = vec![b'x'; BLOCK];
    let mut size: u64 = 0;
    // Ends when the disk is full, block by block and then byte by byte in pages.
    for piece in [BLOCK, 4096] {
        while let Ok(written) = file.write(block.get(..piece).unwrap_or_default()) {
            size += written as u64;
        }
    }
    file.set_len(size.saturating_sub(left as u64))?;
    Ok(())
}
