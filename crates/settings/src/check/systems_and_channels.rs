//! `[systems.*]`, `[alarm]` and `[channels.*]`: what is read from, and whom is notified.

use monitor_login::SystemSettings;
use monitor_notify::Channel;
use monitor_upstream::AlarmSettings;

use super::{Checker, path};

impl Checker<'_, '_> {
    pub(super) fn systems(&mut self) -> Vec<(String, SystemSettings)> {
        let names = self.tables("systems");
        let one = |name: String| {
            let at = path(&["systems", &name]);
            self.name(&at, &name);
            let (common, login) = self.of_a_kind(&at, &self.kinds.systems)?;
            Some((name, SystemSettings { common, login }))
        };
        names.into_iter().filter_map(one).collect()
    }

    pub(super) fn channels(&mut self) -> Vec<Channel> {
        let names = self.tables("channels");
        if names.is_empty() {
            self.reader.warn(
                &path(&["channels"]),
                "there is none: alerts are shown on the page and nobody is notified",
            );
        }
        let one = |name: String| {
            let at = path(&["channels", &name]);
            self.name(&at, &name);
            let (common, settings) = self.of_a_kind(&at, &self.kinds.channels)?;
            self.findings(&at, settings.check_common(&common));
            Some(Channel {
                name,
                common,
                settings,
            })
        };
        names.into_iter().filter_map(one).collect()
    }

    pub(super) fn alarm(&mut self) -> Option<AlarmSettings> {
        let section = path(&["alarm"]);
        self.reader.document.get(&section)?;
        let alarm: AlarmSettings = self.reader.section(&section)?;
        self.findings(&section, alarm.check());
        if let Some(system) = &alarm.system {
            self.system_exists(&section, system, true);
        }
        Some(alarm)
    }
}
