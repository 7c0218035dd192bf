//! The questions, one after the other. An answer that a check would refuse is explained and the question is put again.

use std::io::BufRead;

use monitor_settings::{Kinds, base_url};

use super::answers::{Answers, LOGINS};

/// A conversation: where answers come from, and where questions go.
pub(super) struct Conversation<'a> {
    pub(super) input: &'a mut dyn BufRead,
    pub(super) say: &'a dyn Fn(&str),
    pub(super) kinds: &'a Kinds,
}

/// How an answer becomes part of the others; an error is what is wrong with it.
type Take = fn(&mut Answers, &str) -> Result<(), String>;

impl Conversation<'_> {
    /// Prompts; nothing where the person does not say which system is to be read: the example is the config then.
    pub(super) fn hold(&mut self, mut answers: Answers, has_page: bool) -> (Answers, bool) {
        if !has_page {
            self.prompt(
                "At which address do people open the page? Messages link to it. Type one such as https://monitor.example, or press \
                 Enter to set it later in the config:",
                &mut answers,
                |answers, text| base_url(text).map(|url| answers.page = Some(url)),
            );
        }
        let system = self.prompt(
            "Which system has the number to watch? Type its address, such as https://shop.example, or press Enter for the \
             commented example of every key:",
            &mut answers,
            |answers, text| base_url(text).map(|url| answers.system = url),
        );
        if !system {
            return (answers, false);
        }
        let logins = format!(
            "How does one sign in there? {}, or press Enter for {}:",
            LOGINS.join(", "),
            answers.login
        );
        self.prompt(&logins, &mut answers, |answers, text| {
            take(&mut answers.login, text)
        });
        if answers.has_user() {
            let question = format!("As which user? Press Enter for {}:", answers.user);
            self.prompt(&question, &mut answers, |answers, text| {
                take(&mut answers.user, text)
            });
        }
        if answers.has_login_path() {
            let question = format!(
                "Under which path does it sign in? Press Enter for {}:",
                answers.login_path
            );
            self.prompt(&question, &mut answers, |answers, text| {
                take(&mut answers.login_path, text)
            });
        }
        if answers.has_token() {
            let question = format!(
                "Where is the token in the answer? Type a JSONPath, or press Enter for {}:",
                answers.token
            );
            self.prompt(&question, &mut answers, |answers, text| {
                take(&mut answers.token, text)
            });
        }
        self.metric(&mut answers);
        self.mail(&mut answers);
        (answers, true)
    }

    fn metric(&mut self, answers: &mut Answers) {
        let question = format!(
            "What is the number called, in small letters? Press Enter for {}:",
            answers.metric
        );
        self.prompt(&question, answers, |answers, text| {
            take(&mut answers.metric, text)
        });
        let question = format!("Under which path is it read? Press Enter for {}:", answers.path);
        self.prompt(&question, answers, |answers, text| take(&mut answers.path, text));
        let question = format!(
            "Where is it in the answer? Type a JSONPath, or press Enter for {}:",
            answers.value
        );
        self.prompt(&question, answers, |answers, text| take(&mut answers.value, text));
        self.prompt(
            "Above which number is an alert? Press Enter for an alert each time it rises:",
            answers,
            |answers, text| {
                let is_number = text.parse::<f64>().is_ok_and(f64::is_finite);
                answers.above = is_number.then(|| text.to_owned());
                if is_number {
                    Ok(())
                } else {
                    Err("is no number".to_owned())
                }
            },
        );
    }

    fn mail(&mut self, answers: &mut Answers) {
        self.prompt(
            "Who gets mails? Type addresses with commas between them, or press Enter for nobody yet:",
            answers,
            |answers, text| {
                answers.mail_to = addresses(text);
                if answers.mail_server.is_empty() {
                    answers.mail_server = "smtp://localhost:25".to_owned();
                }
                Ok(())
            },
        );
        if !answers.mail_to.is_empty() {
            let question = format!(
                "Through which mail server? Type one such as smtps://user@mail.example:465, or press Enter for {}:",
                answers.mail_server
            );
            self.prompt(&question, answers, |answers, text| {
                take(&mut answers.mail_server, text)
            });
        }
    }

    /// Whether there was an answer.
    fn prompt(&mut self, question: &str, answers: &mut Answers, take: Take) -> bool {
        (self.say)(question);
        loop {
            let mut line = String::new();
            if self.input.read_line(&mut line).is_err() || line.trim().is_empty() {
                return false;
            }
            let mut next = answers.clone();
            let taken = take(&mut next, line.trim()).map_err(|why| again(&why));
            let checked = taken.and_then(|()| match next.mistakes(self.kinds).first() {
                None => Ok(()),
                Some(why) => Err(again(why)),
            });
            match checked {
                Ok(()) => {
                    *answers = next;
                    return true;
                }
                Err(why) => (self.say)(&why),
            }
        }
    }
}

fn again(why: &str) -> String {
    format!("{why}; type another, or press Enter to leave it:")
}

fn take(part: &mut String, text: &str) -> Result<(), String> {
    text.clone_into(part);
    Ok(())
}

/// Addresses with commas between them.
pub(super) fn addresses(text: &str) -> Vec<String> {
    let all = text.split(',').map(str::trim).filter(|one| !one.is_empty());
    all.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn hold(typed: &str) -> (Answers, bool, Vec<String>) {
        let said = RefCell::new(Vec::new());
        let kinds = Kinds::stock();
        let (answers, is_complete) = Conversation {
            input: &mut typed.as_bytes(),
            say: &|text| said.borrow_mut().push(text.to_owned()),
            kinds: &kinds,
        }
        .hold(Answers::new(), false);
        (answers, is_complete, said.into_inner())
    }

    #[test]
    fn a_conversation_becomes_a_config_that_a_check_passes() {
        let (answers, is_complete, said) = hold(
            "https://monitor.example\nhttps://erp.example\nform_cookie\nann\n/signin\nunpaid\n/api/orders?status=unpaid\n$.meta.total\n100\n\
             ops@example.com, ann@example.com\nsmtp://mail.example:25\n",
        );
        assert!(is_complete);
        assert_eq!(said.len(), 11, "{said:?}");
        assert!(answers.mistakes(&Kinds::stock()).is_empty());
        let config = answers.config("sqlite:data/monitor.db");
        for line in [
            "base_url = \"https://monitor.example\"",
            "[systems.erp]",
            "kind = \"form_cookie\"",
            "password = { env = \"ERP_PASSWORD\" }",
            "login = { path = \"/signin\" }",
            "to = [\"ops@example.com\", \"ann@example.com\"]",
            "[metrics.unpaid]",
            "fetch = { system = \"erp\", path = \"/api/orders?status=unpaid\", value = \"$.meta.total\" }",
            "alert = { above = 100 }",
        ] {
            assert!(config.lines().any(|one| one == line), "{line} in {config}");
        }
    }

    #[test]
    fn what_a_check_would_refuse_prompted_for_again() {
        let (answers, is_complete, said) = hold(
            "nowhere\n\nshop.example\nhttps://shop.example\nsso\nbearer\nUnpaid\nunpaid\n\ntotal\n$.total\nmany\n5\nnobody\nops@example.com\nmail\n\n",
        );
        assert!(is_complete, "{said:?}");
        assert_eq!(
            (answers.login.as_str(), answers.metric.as_str()),
            ("bearer", "unpaid")
        );
        assert_eq!(
            (answers.value.as_str(), answers.above.as_deref()),
            ("$.total", Some("5"))
        );
        assert_eq!(answers.mail_server, "smtp://localhost:25");
        assert_eq!(answers.mail_to, ["ops@example.com"]);
        let again: Vec<&String> = said
            .iter()
            .filter(|text| text.contains("; type another"))
            .collect();
        assert_eq!(again.len(), 8, "{again:?}");
    }

    #[test]
    fn nothing_is_the_example_and_an_end_takes_what_is_left() {
        for typed in ["", "\n\n", "https://monitor.example\n"] {
            assert!(!hold(typed).1, "{typed:?}");
        }
        let (answers, is_complete, _) = hold("\nhttps://shop.example\n");
        assert!(is_complete);
        assert_eq!(answers, Answers::new());
    }
}
