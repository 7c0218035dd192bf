//! `alert = { … }` of a metric: the keys that go with every condition, and those of the condition that one of them names.

use std::time::Duration;

use monitor_domain::{BuiltIn, Kind, keys_of};
use monitor_rules::{Rule, RuleCommon, RuleSettings, condition_named, condition_of, foreign_keys};
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeString, DeTable};

use super::Checker;
use crate::reader::{NOWHERE, inside};
use crate::tree::take;

impl Checker<'_, '_> {
    pub(super) fn rule(
        &mut self,
        at: &[String],
        built_in: Option<&BuiltIn>,
        is_given: bool,
        interval: Duration,
    ) -> Option<Rule> {
        if built_in.is_none() && !is_given {
            self.reader.missing(
                at,
                "say when it alerts, such as { rise = 1 } or { above = 100, clear_below = 90 }",
            );
            return None;
        }
        let mut settings = self.rule_settings(at, built_in)?;
        let rule = settings.rule(interval);
        // Also where the rule has other mistakes: all is said at once.
        if let Some(escalate) = &mut settings.common.escalate {
            for i in 0..escalate.steps.len() {
                let at = inside(at, &escalate.path(i, "notify"));
                let given = std::mem::take(&mut escalate.steps[i].notify);
                escalate.steps[i].notify = self.notify(&at, Some(given));
            }
        }
        match rule {
            Ok(rule) => Some(Rule {
                escalate: settings.common.escalate,
                ..rule
            }),
            Err(wrong) => {
                self.findings(at, wrong);
                None
            }
        }
    }

    fn rule_settings(&mut self, at: &[String], built_in: Option<&BuiltIn>) -> Option<RuleSettings> {
        let kinds = &self.kinds.conditions;
        let stock = built_in.map(|metric| metric.alert.to_string());
        let mut own = self.reader.table(at)?;
        let mut keys: Vec<String> = own.keys().map(|key| key.get_ref().to_string()).collect();
        // A table without a condition keeps the built-in one.
        if let (Some(stock), Ok(None)) = (&stock, condition_named(&keys, kinds)) {
            for (key, value) in DeTable::parse(stock).ok()?.into_inner() {
                keys.push(key.get_ref().to_string());
                let key = DeString::Owned(key.into_inner().into_owned());
                let (key, value) = (
                    Spanned::new(NOWHERE, key),
                    Spanned::new(NOWHERE, value.into_inner()),
                );
                own.insert(key, value);
            }
        }
        let common_keys = keys_of::<RuleCommon>();
        let common = take(&mut own, &common_keys);
        let mut known: Vec<String> = kinds.iter().map(|kind| kind.name.to_owned()).collect();
        for key in kinds.iter().flat_map(Kind::keys).chain(common_keys) {
            if !known.contains(&key) {
                known.push(key);
            }
        }
        self.reader.keep_known(at, &mut own, &known, |_| None);
        let common = self
            .reader
            .read(at, common, |table| RuleCommon::deserialize(table));
        let kind = match condition_of(&keys, kinds) {
            Ok(kind) => kind,
            Err(wrong) => {
                self.findings(at, wrong);
                return None;
            }
        };
        for foreign in foreign_keys(&keys, kind, kinds) {
            own.remove(foreign.field.as_ref());
            self.findings(at, [foreign]);
        }
        let condition = self.reader.read(at, own, kind.read);
        Some(RuleSettings {
            common: common?,
            condition: condition?,
        })
    }
}
