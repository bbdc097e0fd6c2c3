//! How far an audit is, on standard error.

use std::io::Write;
use std::time::{Duration, Instant};

/// On a terminal one line is rewritten this often; elsewhere a line is added now and then.
const REWRITE_AFTER: Duration = Duration::from_millis(250);
const ADD_AFTER: Duration = Duration::from_secs(5);

/// Says how far an audit is.
pub struct Progress<'a> {
    err: &'a mut dyn Write,
    is_terminal: bool,
    what: &'static str,
    of: u64,
    done: u64,
    begun: Instant,
    said: Instant,
    is_said: bool,
}

impl<'a> Progress<'a> {
    /// Nothing done yet.
    pub fn new(err: &'a mut dyn Write, is_terminal: bool) -> Self {
        let now = Instant::now();
        Progress { err, is_terminal, what: "", of: 0, done: 0, begun: now, said: now, is_said: false }
    }

    /// Begins a part of the work: `of` things to do, 0 where nobody has counted them.
    pub fn begin(&mut self, what: &'static str, of: u64) {
        self.end();
        let now = Instant::now();
        (self.what, self.of, self.done, self.begun, self.said) = (what, of, 0, now, now);
    }

    /// Some more is done.
    pub fn add(&mut self, done: u64) {
        self.done += done;
        let after = if self.is_terminal { REWRITE_AFTER } else { ADD_AFTER };
        if self.said.elapsed() >= after {
            self.said = Instant::now();
            self.is_said = true;
            self.line();
        }
    }

    /// Leaves the line as it is.
    pub fn end(&mut self) {
        if self.is_said && self.is_terminal {
            self.line();
            let _ = writeln!(self.err);
        }
        self.is_said = false;
    }

    /// Progress is for people who look on: whether it can be written does not matter.
    fn line(&mut self) {
        let Progress { what, of, done, .. } = *self;
        let seconds = self.begun.elapsed().as_secs_f64().max(0.001);
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = done as f64 / seconds;
        let of = if of == 0 { String::new() } else { format!(" of {of}") };
        let text = format!("{what}: {done}{of}, {rate:.0}/s");
        let _ = if self.is_terminal {
            write!(self.err, "\r\x1b[K{text}").and_then(|()| self.err.flush())
        } else {
            writeln!(self.err, "{text}")
        };
    }
}
