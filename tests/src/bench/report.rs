//! What was measured, as a table for people and as JSON for programs.

use serde::Serialize;

/// One figure with its unit.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What it is, such as `p95`; empty for the row's own figure.
    pub what: &'static str,
    /// The number; none when there were no samples.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: &'static str,
}

/// What the figure is compared with, measured in the same run.
#[derive(Debug, Clone, Serialize)]
pub struct Limit {
    /// What was measured.
    pub what: &'static str,
    /// The number.
    pub value: f64,
    /// Its unit, that of the row's first figure.
    pub unit: &'static str,
}

/// One line of the table.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Name.
    pub name: &'static str,
    /// Figures, the one that is compared first.
    pub figures: Vec<Figure>,
    /// Limits.
    pub limits: Vec<Limit>,
    /// What is aimed at.
    pub aim: &'static str,
    /// Whether the aim is met.
    pub met: Option<bool>,
    /// What a reader must know.
    pub notes: Vec<String>,
    /// Why there is no figure.
    pub not_taken: Option<String>,
}

/// Everything of one run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Machine and build.
    pub about: Vec<(&'static str, String)>,
    /// The table.
    pub rows: Vec<Row>,
    /// Cores in use while a family of rows was measured: family, then process and cores.
    pub cores: Vec<(&'static str, Vec<(String, f64)>)>,
    /// Database transactions by service and name, when they were traced.
    pub transactions: Vec<super::transactions::Transactions>,
}

/// A figure.
pub fn figure(what: &'static str, value: impl Into<Option<f64>>, unit: &'static str) -> Figure {
    Figure { what, value: value.into(), unit }
}

impl Row {
    /// A row with figures.
    pub fn new(name: &'static str, aim: &'static str, figures: Vec<Figure>) -> Self {
        Self { name, figures, limits: Vec::new(), aim, met: None, notes: Vec::new(), not_taken: None }
    }

    /// A row that could not be measured.
    pub fn not_taken(name: &'static str, aim: &'static str, why: &anyhow::Error) -> Self {
        Self { not_taken: Some(format!("{why:#}")), ..Self::new(name, aim, Vec::new()) }
    }

    /// Adds a limit.
    pub fn limit(mut self, what: &'static str, value: f64) -> Self {
        let unit = self.figures.first().map_or("", |figure| figure.unit);
        self.limits.push(Limit { what, value, unit });
        self
    }

    /// Says whether the aim is met.
    pub fn met(mut self, met: bool) -> Self {
        self.met = Some(met);
        self
    }

    /// Adds a note.
    pub fn note(mut self, note: impl Into<Option<String>>) -> Self {
        self.notes.extend(note.into());
        self
    }

    fn shown(&self) -> Vec<[String; 5]> {
        if self.not_taken.is_some() {
            return vec![[
                self.name.into(),
                "not taken".into(),
                String::new(),
                String::new(),
                self.aim.into(),
            ]];
        }
        let first = self.figures.first().and_then(|figure| figure.value);
        let aim = match self.met {
            Some(met) => format!("{} ({})", self.aim, if met { "met" } else { "not met" }),
            None => self.aim.to_owned(),
        };
        let mut lines = Vec::new();
        for index in 0..self.figures.len().max(self.limits.len()) {
            let limit = self.limits.get(index);
            let ratio = limit.zip(first).filter(|(limit, _)| limit.value > 0.0);
            lines.push([
                if index == 0 { self.name.to_owned() } else { String::new() },
                self.figures.get(index).map_or_else(String::new, Figure::shown),
                limit.map_or_else(String::new, |l| format!("{} {}: {}", number(l.value), l.unit, l.what)),
                ratio.map_or_else(String::new, |(limit, first)| format!("{:.2}", first / limit.value)),
                if index == 0 { aim.clone() } else { String::new() },
            ]);
        }
        lines
    }
}

impl Figure {
    fn shown(&self) -> String {
        let value = self.value.map_or_else(|| "-".to_owned(), number);
        let what = if self.what.is_empty() { String::new() } else { format!("{} ", self.what) };
        format!("{what}{value} {}", self.unit)
    }
}

/// A number with three figures or more, thousands apart.
fn number(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.*}", if value < 10.0 { 2 } else { 1 });
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl Report {
    /// The table, with notes and what was in use beneath it.
    pub fn text(&self) -> String {
        let mut lines =
            vec![["name", "figure", "limit, measured in this run", "ratio", "aim"].map(str::to_owned)];
        lines.extend(self.rows.iter().flat_map(Row::shown));
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; 5] = std::array::from_fn(width);
        let mut text = String::new();
        for (index, line) in lines.iter().enumerate() {
            let cells = line.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
            text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
            text.push('\n');
            if index == 0 {
                text.push_str(&"-".repeat(widths.iter().sum::<usize>() + 8));
                text.push('\n');
            }
        }
        for row in &self.rows {
            let why = row.not_taken.iter().map(|why| format!("not taken: {why}"));
            for note in row.notes.iter().cloned().chain(why) {
                text.push_str(&format!("\n{}: {note}", row.name));
            }
        }
        text.push('\n');
        for (family, cores) in &self.cores {
            let shown: Vec<String> = cores.iter().map(|(who, cores)| format!("{who} {cores:.2}")).collect();
            text.push_str(&format!("\ncores in use, {family}: {}", shown.join(", ")));
        }
        for (what, value) in &self.about {
            text.push_str(&format!("\n{what}: {value}"));
        }
        text.push('\n');
        for transactions in &self.transactions {
            text.push_str(&transactions.text());
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_is_missing_too() {
        let done = Row::new("capture", "-", vec![figure("", 12_345.6, "packs/s"), figure("p95", None, "ms")])
            .limit("COPY", 24_691.2)
            .note("one".to_owned());
        let failed = Row::not_taken("idle", "< 1 %", &anyhow::anyhow!("no /proc"));
        let report = Report {
            about: Vec::new(),
            rows: vec![done, failed],
            cores: Vec::new(),
            transactions: Vec::new(),
        };
        let text = report.text();
        assert!(text.contains("12,346 packs/s  24,691 packs/s: COPY"), "{text}");
        assert!(text.contains("  0.50"), "{text}");
        assert!(text.contains("p95 - ms"), "{text}");
        assert!(text.contains("idle: not taken: no /proc"), "{text}");
        assert_eq!(number(1_234_567.0), "1,234,567");
        assert_eq!((number(3.21), number(32.1)), ("3.21".to_owned(), "32.1".to_owned()));
    }
}
