//! Comparing with another implementation: what differs needs a reason, and every reason is needed.

/// Why the two may differ where the question and the answer have these texts in them.
pub struct Reason {
    pub question: &'static str,
    pub answer: &'static str,
    pub reason: &'static str,
}

/// Counts what differs.
pub struct Differing {
    name: &'static str,
    reasons: &'static [Reason],
    met: Vec<usize>,
    given: usize,
    wrong: Vec<String>,
}

impl Differing {
    pub fn new(name: &'static str, reasons: &'static [Reason]) -> Self {
        Self { name, reasons, met: vec![0; reasons.len()], given: 0, wrong: Vec::new() }
    }

    /// One question, and what the other implementation answered to it.
    pub fn row(&mut self, agreed: bool, question: &str, answer: &str) {
        self.given += 1;
        if agreed {
            return;
        }
        let is_met = |reason: &Reason| question.contains(reason.question) && answer.contains(reason.answer);
        match self.reasons.iter().position(is_met) {
            Some(place) => self.met[place] += 1,
            None => self.wrong.push(format!("{question}: {answer}")),
        }
    }

    /// Prints the counts and fails where something differs for no reason, or a reason is no longer needed.
    pub fn finish(self) {
        let differing = self.met.iter().sum::<usize>();
        println!("{}: {} given, {} right", self.name, self.given, self.given - self.wrong.len() - differing);
        assert!(self.wrong.is_empty(), "{} differ:\n{}", self.wrong.len(), self.wrong.join("\n"));
        for (reason, met) in self.reasons.iter().zip(&self.met) {
            println!("  {met} differ: {}", reason.reason);
            assert!(*met > 0 || self.given == 0, "{}: no longer needed: {}", self.name, reason.reason);
        }
    }
}
