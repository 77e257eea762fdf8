//! A summary of the results.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use owproto_tests::fault_proxy::{Direction, FaultKind};

use crate::clients::{CallResult, ErrorClass, Recovery};
use crate::error_of;
use crate::expected::Case;

const README: &str = include_str!("README.md");

/// What the caller got.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Effect {
    /// The right result.
    Right,
    /// Another result: the one that the changed bytes encode.
    Another,
    Fails(ErrorClass),
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Right => f.write_str("right"),
            Self::Another => f.write_str("another"),
            Self::Fails(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The words of a header, and the data after it.
const FIELDS: [&str; 7] = ["version", "payload", "ret", "flags", "size", "offset", "data"];

#[derive(Default)]
struct Row {
    effects: BTreeMap<Effect, usize>,
    latest: Duration,
}

/// The results of all cases.
#[derive(Default)]
pub(crate) struct Table {
    /// By fault, direction and client.
    rows: BTreeMap<(usize, &'static str, &'static str, &'static str), Row>,
    /// By fault, direction and recovery.
    effects: BTreeMap<(&'static str, &'static str, &'static str), BTreeSet<Effect>>,
    /// By the part of a reply with a changed bit.
    fields: BTreeMap<usize, BTreeMap<Effect, usize>>,
}

impl Table {
    pub(crate) fn add(
        &mut self,
        name: &'static str,
        case: &Case<'_>,
        result: &CallResult,
        late: Option<Duration>,
    ) {
        let direction = match case.fault.direction {
            Direction::ToClient => "answer",
            Direction::ToServer => "request",
        };
        let effect = match error_of(result) {
            Some(error) => Effect::Fails(error),
            None if case.exchange.right.contains(result) => Effect::Right,
            None => Effect::Another,
        };
        let place = crate::KINDS.iter().position(|(kind, _)| *kind == name).unwrap_or_default();
        let row = self.rows.entry((place, name, direction, case.client_kind.name())).or_default();
        *row.effects.entry(effect).or_default() += 1;
        row.latest = row.latest.max(late.unwrap_or_default());
        let recovery = match case.client_kind.recovery() {
            Recovery::Std => "std",
            Recovery::Driver => "driver",
            Recovery::Smoltcp => "smoltcp",
            Recovery::Reconnecting => "reconnecting",
        };
        self.effects.entry((name, direction, recovery)).or_default().insert(effect);
        // A DIR has several frames, all others one.
        let is_dir = case.exchange.name == "DIR";
        if let (FaultKind::Flip(_), Direction::ToClient, false) =
            (case.fault.kind, case.fault.direction, is_dir)
        {
            let field = (case.place() / 4).min(FIELDS.len() - 1);
            *self.fields.entry(field).or_default().entry(effect).or_default() += 1;
        }
    }

    /// Checks that the README lists all effects of each fault, and of changed bits.
    pub(crate) fn assert_documented(&self) {
        let assert_row = |row: &str, effects: &BTreeSet<Effect>| {
            let rest = README.lines().find_map(|line| line.strip_prefix(row));
            let documented: BTreeSet<String> = rest
                .unwrap_or_else(|| panic!("the README has no row {row:?}"))
                .split(['|', ','])
                .map(|word| word.trim().trim_matches('`').to_owned())
                .collect();
            let missing: Vec<_> =
                effects.iter().filter(|effect| !documented.contains(&effect.to_string())).collect();
            assert!(missing.is_empty(), "the README does not list {missing:?} in {row:?}");
        };
        for ((name, direction, recovery), effects) in &self.effects {
            assert_row(&format!("| {name} | {direction} | {recovery} |"), effects);
        }
        for (field, effects) in &self.fields {
            assert_row(&format!("| {} |", FIELDS[*field]), &effects.keys().copied().collect());
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = |effects: &BTreeMap<Effect, usize>| {
            let counts: Vec<_> = effects.iter().map(|(effect, count)| format!("{effect} {count}")).collect();
            counts.join(", ")
        };
        writeln!(f, "| fault | in the | client | what the caller got, and how often | latest |")?;
        writeln!(f, "|---|---|---|---|---:|")?;
        for ((_, name, direction, client), row) in &self.rows {
            let (counts, late) = (counts(&row.effects), row.latest.as_millis());
            writeln!(f, "| {name} | {direction} | {client} | {counts} | {late} ms |")?;
        }
        writeln!(f, "\n| changed in an answer | what the caller got, and how often |\n|---|---|")?;
        for (field, effects) in &self.fields {
            writeln!(f, "| {} | {} |", FIELDS[*field], counts(effects))?;
        }
        Ok(())
    }
}
