//! Phone numbers.

use monitor_domain::Finding;

/// The most digits of a number with its country (ITU-T E.164).
const MOST_DIGITS: usize = 15;

/// What is wrong with the numbers that messages go to. `international` ones begin with `+` and the country.
pub(super) fn check(to: &[String], international: bool) -> Vec<Finding> {
    if to.is_empty() {
        return vec![Finding::new("to", "nobody would get a message: name a number")];
    }
    let mut findings = Vec::new();
    for (index, number) in to.iter().enumerate() {
        let digits = number.strip_prefix('+').unwrap_or(number);
        let is_number =
            digits.chars().all(|one| one.is_ascii_digit()) && (5..=MOST_DIGITS).contains(&digits.len());
        if !is_number || (international && digits.len() == number.len()) {
            let how = match international {
                true => "write it with its country and without blanks, such as \"+8613800138000\"",
                false => "write its digits alone, such as \"13800138000\"",
            };
            findings.push(Finding::new(
                "to",
                format!("{number:?} is no phone number: {how}"),
            ));
        } else if to[..index].contains(number) {
            findings.push(Finding::new("to", format!("{number:?} is named twice")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(numbers: &[&str], international: bool) -> Vec<String> {
        let numbers: Vec<String> = numbers.iter().map(|&number| number.to_owned()).collect();
        let findings = check(&numbers, international).into_iter();
        findings.map(|finding| finding.message.to_string()).collect()
    }

    #[test]
    fn numbers_are_told_from_what_is_none() {
        assert!(wrong(&["+8613800138000", "+14155552671"], true).is_empty());
        assert!(wrong(&["13800138000", "8613800138000", "+8613800138000"], false).is_empty());
        for (number, international) in [
            ("13800138000", true),
            ("+86 138 0013 8000", true),
            ("+8613800138000000", true),
            ("ops@example.com", false),
            ("138-0013-8000", false),
            ("1380", false),
            ("", false),
            ("１３８００１３８０００", false),
        ] {
            let said = wrong(&[number], international);
            assert!(
                said.len() == 1 && said[0].contains("no phone number"),
                "{number}: {said:?}"
            );
        }
        assert_eq!(wrong(&[], true).len(), 1);
        assert!(wrong(&["+14155552671", "+14155552671"], true)[0].contains("twice"));
    }
}
