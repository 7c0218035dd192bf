//! The old tables and their columns, whatever SQLAlchemy or a person called them.

/// The old program's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    /// The records.
    Records,
    /// The current values.
    Values,
}

impl Table {
    /// By its name: SQLAlchemy makes `monitor_record` of `MonitorRecord`.
    pub(crate) fn of(name: &str) -> Option<Table> {
        match plain(name).as_str() {
            "monitorrecord" => Some(Table::Records),
            "realtimemonitor" => Some(Table::Values),
            _ => None,
        }
    }
}

/// Letters and digits only, small.
pub(crate) fn plain(name: &str) -> String {
    let kept = name.chars().filter(|c| *c != '_');
    kept.flat_map(char::to_lowercase).collect()
}

/// A column, and whether its times are in UTC already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) is_utc: bool,
}

impl Column {
    pub(crate) fn new(name: impl Into<String>) -> Column {
        Column {
            name: name.into(),
            is_utc: false,
        }
    }
}

/// Where the columns are that are read.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) id: Option<usize>,
    pub(crate) kind: Option<usize>,
    pub(crate) value: Option<usize>,
    pub(crate) alert: Option<usize>,
    pub(crate) message: Option<usize>,
    pub(crate) time: Option<usize>,
    /// All others.
    pub(crate) others: Vec<usize>,
}

impl Layout {
    pub(crate) fn of(columns: &[Column]) -> Layout {
        let names: Vec<String> = columns.iter().map(|column| plain(&column.name)).collect();
        let place = |name: &str| names.iter().position(|it| it == name);
        let mut layout = Layout {
            id: place("id"),
            kind: place("type"),
            value: place("value"),
            alert: place("alert"),
            message: place("alertmessage"),
            time: place("timestamp"),
            others: Vec::new(),
        };
        let known = [
            layout.id,
            layout.kind,
            layout.value,
            layout.alert,
            layout.message,
            layout.time,
        ];
        layout.others = (0..columns.len())
            .filter(|at| !known.contains(&Some(*at)))
            .collect();
        layout
    }

    /// What is missing of a table of records.
    pub(crate) fn missing_for_records(&self) -> Vec<&'static str> {
        let needed = [
            ("id", self.id),
            ("type", self.kind),
            ("alert_message", self.message),
            ("timestamp", self.time),
        ];
        needed
            .iter()
            .filter(|(_, at)| at.is_none())
            .map(|(name, _)| *name)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_found_under_the_names_that_they_may_have() {
        for name in [
            "monitor_record",
            "MonitorRecord",
            "MONITOR_RECORD",
            "monitorrecord",
        ] {
            assert_eq!(Table::of(name), Some(Table::Records), "{name}");
        }
        assert_eq!(Table::of("RealtimeMonitor"), Some(Table::Values));
        for name in ["monitor_record_bak", "alembic_version", "monitor", ""] {
            assert_eq!(Table::of(name), None, "{name}");
        }
    }

    #[test]
    fn columns_are_found_with_and_without_a_dash_in_front() {
        let columns = [
            "id",
            "_type",
            "_value",
            "alert",
            "alert_message",
            "timestamp",
            "note",
        ]
        .map(Column::new);
        let layout = Layout::of(&columns);
        assert_eq!(
            (layout.kind, layout.value, layout.time),
            (Some(1), Some(2), Some(5))
        );
        assert_eq!(layout.others, [6]);
        assert!(layout.missing_for_records().is_empty());
        let few = Layout::of(&["id", "x", "y"].map(Column::new));
        assert_eq!(few.missing_for_records(), ["type", "alert_message", "timestamp"]);
    }
}
