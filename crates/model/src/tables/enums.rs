//! The words that columns may hold, as types: the CHECK constraints of the migrations say the same.

use std::fmt;
use std::str::FromStr;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Text;
use monitor_domain::UnknownWord;

/// An enum stored as TEXT: its words, and how diesel reads and writes them on every backend.
macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, AsExpression, FromSqlRow)]
        #[diesel(sql_type = Text)]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// All of them, in the order of their declaration.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// The word as it is stored.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                let known = Self::ALL.iter().copied().find(|known| known.as_str() == word);
                known.ok_or_else(|| {
                    let all: Vec<&str> = Self::ALL.iter().map(|known| known.as_str()).collect();
                    UnknownWord::new($what, word, &all)
                })
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, word: &str) -> bool {
                self.as_str() == word
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, word: &&str) -> bool {
                self.as_str() == *word
            }
        }

        impl<DB> ToSql<Text, DB> for $name
        where
            DB: Backend,
            str: ToSql<Text, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                self.as_str().to_sql(out)
            }
        }

        impl<DB> FromSql<Text, DB> for $name
        where
            DB: Backend,
            String: FromSql<Text, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
                Ok(String::from_sql(bytes)?.parse::<$name>()?)
            }
        }
    };
}

text_enum! {
    /// What an alert is about (`alert.kind`).
    AlertKind, "kind of alert" {
        /// The value rose, fell or changed. Only an acknowledgement ends it.
        Event = "event",
        /// The value is where it should not be. It is over when the value is back.
        Level = "level",
        /// The metric could not be read for so long that its state is "no data".
        NoData = "no_data",
    }
}

text_enum! {
    /// The state of a delivery (`delivery.status`).
    DeliveryStatus, "delivery status" {
        /// Waits for `next_at`.
        Pending = "pending",
        /// Claimed by a worker until `lease_until`.
        Sending = "sending",
        /// Accepted by the other side.
        Sent = "sent",
        /// Refused for good.
        Failed = "failed",
        /// Tried for as long as the channel allows, without success.
        GivenUp = "given_up",
    }
}

text_enum! {
    /// What kind of incident the monitor itself has (`incident.kind`).
    IncidentKind, "kind of incident" {
        /// A system cannot be read.
        System = "system",
        /// No system can be read: the monitor is cut off.
        Offline = "offline",
        /// A channel cannot deliver.
        Channel = "channel",
        /// A worker or a web died: nobody stopped it.
        Process = "process",
        /// No worker ran for a while.
        Gap = "gap",
        /// The database could not be written.
        Database = "database",
        /// A list has more items than are watched, or cannot be read at all.
        List = "list",
    }
}

text_enum! {
    /// What a process does (`worker.role`).
    ProcessRole, "role of a process" {
        /// Reads, judges and notifies.
        Worker = "worker",
        /// Serves pages and API.
        Web = "web",
    }
}

impl DeliveryStatus {
    /// Whether nothing more happens to a delivery in this state by itself.
    pub fn is_final(self) -> bool {
        !matches!(self, DeliveryStatus::Pending | DeliveryStatus::Sending)
    }

    /// Whether a delivery in this state has ended unsent.
    pub fn is_undelivered(self) -> bool {
        matches!(self, DeliveryStatus::Failed | DeliveryStatus::GivenUp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_there_and_back() {
        for status in DeliveryStatus::ALL {
            assert_eq!(status.as_str().parse::<DeliveryStatus>().as_ref(), Ok(status));
        }
        assert_eq!("no_data".parse(), Ok(AlertKind::NoData));
        assert!(AlertKind::Level == "level");
        let error = "gone".parse::<AlertKind>().unwrap_err().to_string();
        assert_eq!(
            error,
            "no kind of alert \"gone\"; there are event, level, no_data"
        );
    }

    #[test]
    fn what_is_final() {
        let last: Vec<_> = DeliveryStatus::ALL
            .iter()
            .filter(|s| s.is_final())
            .map(|s| s.as_str())
            .collect();
        assert_eq!(last, ["sent", "failed", "given_up"]);
    }
}
