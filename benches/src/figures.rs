//! Reads figures of a process, and summarizes many readings.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;
use serde_json::json;

/// The CPU time of a process with all its threads, which the scheduler counts in nanoseconds.
pub(crate) fn cpu(pid: u32) -> anyhow::Result<Duration> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let schedstat = fs::read_to_string(thread?.path().join("schedstat"))?;
        nanoseconds += schedstat.split(' ').next().context("schedstat is empty")?.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// The peak resident memory of a process, in MiB.
pub(crate) fn peak_memory(pid: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(peak.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
}

/// A duration in milliseconds.
pub(crate) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// All readings of each figure, by subject.
#[derive(Debug, Default)]
pub(crate) struct Readings(BTreeMap<&'static str, BTreeMap<&'static str, Vec<f64>>>);

/// A summary of many readings.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Summary {
    pub(crate) readings: usize,
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

impl Readings {
    /// Adds a reading.
    pub(crate) fn add(&mut self, subject: &'static str, figure: &'static str, reading: f64) {
        self.0.entry(subject).or_default().entry(figure).or_default().push(reading);
    }

    /// Summarizes the readings of a figure, if there are any.
    pub(crate) fn summary(&self, subject: &str, figure: &str) -> Option<Summary> {
        Summary::of(self.0.get(subject)?.get(figure)?)
    }

    /// The ratio of a figure to that of another subject. It is the median over pairs of processes that ran one after the
    /// other, so that changes in the machine's speed affect both.
    pub(crate) fn ratio(&self, subject: &str, other: &str, figure: &str) -> Option<f64> {
        let (ours, theirs) = (self.0.get(subject)?.get(figure)?, self.0.get(other)?.get(figure)?);
        let ratios: Vec<_> = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
        Some(Summary::of(&ratios)?.median)
    }

    /// All summaries as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        let figures = |figures: &BTreeMap<&'static str, Vec<f64>>| {
            let figures = figures.iter().filter_map(|(name, readings)| Some((*name, Summary::of(readings)?)));
            json!(figures.collect::<BTreeMap<_, _>>())
        };
        self.0
            .iter()
            .map(|(subject, of_it)| ((*subject).to_owned(), figures(of_it)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
}

impl Summary {
    /// Summarizes these readings, unless there are none.
    pub(crate) fn of(readings: &[f64]) -> Option<Self> {
        let mut sorted = readings.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |hundredth: usize| sorted.get((sorted.len() - 1) * hundredth / 100).copied();
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        Some(Self { readings: sorted.len(), min, median: at(50)?, p90: at(90)?, p99: at(99)?, max })
    }
}
