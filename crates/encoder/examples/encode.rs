//! `encode ids|vectors FILE` and `encode speed FILE SECONDS BATCH [KERNELS]`, for the scripts in `tools/`.
//!
//! FILE holds texts, each behind its length in bytes as u32. Answers go to standard output: the ids of a text per line; f32
//! vectors; or one line: embeddings per second of processor time, by rounds through all texts.

use std::io::{self, Write as _};
use std::time::Duration;

use openclaw_encoder::{Encoder, Kernels};

type Anyhow<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Anyhow<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut out = io::stdout().lock();
    match arguments.as_slice() {
        ["ids", file] => {
            let encoder = Encoder::builtin()?;
            for text in texts(file)? {
                let ids: Vec<String> = encoder.ids(&text).iter().map(ToString::to_string).collect();
                writeln!(out, "{}", ids.join(" "))?;
            }
        }
        ["vectors", file] => {
            let texts = texts(file)?;
            for vector in Encoder::builtin()?.encode(&texts.iter().map(String::as_str).collect::<Vec<_>>()) {
                out.write_all(&vector.into_iter().flat_map(f32::to_le_bytes).collect::<Vec<_>>())?;
            }
        }
        ["speed", file, seconds, batch, kernels @ ..] => {
            let wanted = kernels.first().copied().unwrap_or_default();
            let named = |kernels: &Kernels| kernels.name() == wanted;
            let kernels = Kernels::available().into_iter().find(named).unwrap_or_else(Kernels::best);
            let encoder = Encoder::with_kernels(kernels)?;
            let speed = speed(&encoder, &texts(file)?, seconds.parse()?, batch.parse()?);
            writeln!(out, "{speed:.1} {} rss_mb={:.1}", kernels.name(), resident_mb())?;
        }
        _ => {
            return Err("usage: encode ids|vectors FILE, or encode speed FILE SECONDS BATCH [KERNELS]".into());
        }
    }
    Ok(())
}

fn texts(file: &str) -> Anyhow<Vec<String>> {
    let data = std::fs::read(file)?;
    let (mut rest, mut texts) = (data.as_slice(), Vec::new());
    while let Some((length, behind)) = rest.split_first_chunk() {
        let (text, behind) = behind.split_at(u32::from_le_bytes(*length) as usize);
        texts.push(String::from_utf8(text.to_vec())?);
        rest = behind;
    }
    Ok(texts)
}

fn speed(encoder: &Encoder, texts: &[String], seconds: f64, batch: usize) -> f64 {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    std::hint::black_box(encoder.encode(&texts[..1]));
    let (start, mut done) = (processor_time(), 0);
    loop {
        for batch in texts.chunks(batch) {
            std::hint::black_box(encoder.encode(batch));
            done += batch.len();
        }
        let spent = (processor_time() - start).as_secs_f64();
        if spent >= seconds {
            return done as f64 / spent;
        }
    }
}

/// Processor time of this process, from the clock ticks in `/proc`: a hundredth of a second is exact enough for a run of
/// seconds, and needs no dependency.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |field: usize| fields.get(field).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis(10 * (ticks(11) + ticks(12)))
}

fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1e3
}
