//! The proposal as a part of the config.

use std::fmt;

use crate::proposal::{Line, Metric, NoteKind, Proposal};
use crate::toml::{comment, key};

/// The width of what is written.
const WIDTH: usize = 118;

/// The text for the config.
impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.heading(f)?;
        self.write_system(f)?;
        self.metrics
            .iter()
            .try_for_each(|metric| write_metric(f, metric))?;
        if !self.others.is_empty() {
            writeln!(f, "\n# Other numbers in the recording:")?;
            for other in &self.others {
                writeln!(f, "#   {}", comment(other))?;
            }
        }
        Ok(())
    }
}

impl Proposal {
    fn heading(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = &self.host;
        remark(
            f,
            "",
            &format!("Read from a browser's recording of {host} by `monitor import har`."),
        )?;
        remark(
            f,
            "",
            "Append it to your config, delete what you do not need, and set a threshold where you have one; \
             `monitor check --online` signs in and reads each metric.",
        )?;
        let names: Vec<&str> = self
            .variables
            .iter()
            .map(|variable| variable.name.as_str())
            .collect();
        if !names.is_empty() {
            remark(
                f,
                "",
                &format!("Set in the environment of the monitor: {}", names.join(", ")),
            )?;
        }
        for note in &self.notes {
            let begin = match note.kind {
                NoteKind::Obstacle => "DOES NOT WORK YET: ",
                NoteKind::Doubt => "Note: ",
            };
            writeln!(f, "#")?;
            remark(f, begin, &note.text)?;
        }
        Ok(())
    }

    fn write_system(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = key(&self.system.name);
        writeln!(f, "\n[systems.{name}]\nkind = \"{}\"", self.system.kind)?;
        lines(f, &self.system.lines)?;
        if !self.system.login.is_empty() {
            writeln!(f, "\n[systems.{name}.login]")?;
            lines(f, &self.system.login)?;
        }
        for step in &self.system.steps {
            writeln!(f, "\n[[systems.{name}.login.steps]]")?;
            lines(f, step)?;
        }
        Ok(())
    }
}

fn lines(f: &mut fmt::Formatter<'_>, lines: &[Line]) -> fmt::Result {
    for Line { key, value, why } in lines {
        if let Some(why) = why {
            remark(f, "", why)?;
        }
        writeln!(f, "{key} = {}", value.inline())?;
    }
    Ok(())
}

fn write_metric(f: &mut fmt::Formatter<'_>, metric: &Metric) -> fmt::Result {
    writeln!(f)?;
    if let Some(recorded) = &metric.recorded {
        remark(f, "", &format!("{recorded} in the recording."))?;
    }
    metric.why.iter().try_for_each(|why| remark(f, "", why))?;
    writeln!(f, "[metrics.{}]", key(&metric.key))?;
    writeln!(f, "title = {}", crate::toml::Toml::text(&metric.title).inline())?;
    let fetch = metric
        .fetch
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()));
    writeln!(
        f,
        "fetch = {}",
        crate::toml::Toml::Table(fetch.collect()).inline()
    )?;
    if metric.counts {
        writeln!(f, "alert = {{ rise = 1, initial = \"learn\" }}")
    } else {
        writeln!(
            f,
            "alert = {{ no_data = \"5m\" }}   # or a threshold, such as {{ above = 100 }}"
        )
    }
}

/// A comment, on as many lines as it needs.
fn remark(f: &mut fmt::Formatter<'_>, begin: &str, text: &str) -> fmt::Result {
    let text = comment(&format!("{begin}{text}"));
    let mut line = String::from("#");
    for word in text.split(' ') {
        if line.len() > 1 && line.chars().count() + 1 + word.chars().count() > WIDTH {
            writeln!(f, "{line}")?;
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    writeln!(f, "{line}")
}
