//! The engine's Prometheus metrics.

use std::collections::BTreeMap;

/// The engine's metrics in the Prometheus text format, of all nodes of this process, each with its moniker as a
/// label. An engine that was started again registers its series anew: the latest value of each is shown.
pub fn metrics() -> String {
    let mut text = String::new();
    arc_malachitebft_app_channel::app::metrics::export(&mut text);
    deduplicate(&text)
}

#[derive(Default)]
struct Family<'a> {
    comments: BTreeMap<&'a str, &'a str>,
    /// In the order in which they were first seen: buckets of a histogram stay sorted.
    series: Vec<(&'a str, &'a str)>,
    places: BTreeMap<&'a str, usize>,
}

/// One `HELP` and `TYPE` a family, one value a series: the last.
fn deduplicate(text: &str) -> String {
    let mut families: BTreeMap<&str, Family<'_>> = BTreeMap::new();
    let mut name = "";
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.splitn(3, ' ');
            let kind = words.next().unwrap_or_default();
            if kind == "EOF" {
                continue;
            }
            name = words.next().unwrap_or_default();
            families.entry(name).or_default().comments.insert(kind, line);
        } else if let Some((series, value)) = line.rsplit_once(' ') {
            let family = families.entry(name).or_default();
            let place = *family.places.entry(series).or_insert(family.series.len());
            match family.series.get_mut(place) {
                Some(known) => known.1 = value,
                None => family.series.push((series, value)),
            }
        }
    }
    let mut out = String::with_capacity(text.len());
    for family in families.values() {
        let comments = family.comments.values().map(|line| (*line).to_owned());
        let series = family.series.iter().map(|(series, value)| format!("{series} {value}"));
        for line in comments.chain(series) {
            out.push_str(&line);
            out.push('\n');
        }
    }
    out.push_str("# EOF\n");
    out
}

#[cfg(test)]
mod tests {
    use super::deduplicate;

    #[test]
    fn a_family_registered_twice_is_shown_once() {
        let twice = "# HELP height Height.\n# TYPE height gauge\nheight{moniker=\"a\"} 1\n\
                     # HELP height Height.\n# TYPE height gauge\nheight{moniker=\"b\"} 2\nheight{moniker=\"a\"} 3\n# EOF\n";
        let once = "# HELP height Height.\n# TYPE height gauge\nheight{moniker=\"a\"} 3\nheight{moniker=\"b\"} 2\n# EOF\n";
        assert_eq!(deduplicate(twice), once);
    }
}
