//! Messages that read like business: x are unpaid orders, y stuck transfers, z complaints that wait.

use monitor_domain::Language;

/// What parts messages are made of, in one language.
struct Phrases {
    customers: [&'static str; 6],
    banks: [&'static str; 4],
    steps: [&'static str; 4],
    complaints: [&'static str; 6],
}

const EN: Phrases = Phrases {
    customers: [
        "Harbour Books",
        "Lindqvist Tools",
        "Green Fork Catering",
        "Maple Street Pharmacy",
        "Blue Kite Travel",
        "Old Mill Bakery",
    ],
    banks: [
        "Riverside Bank",
        "Union Savings",
        "First Coastal",
        "Merchants' Credit",
    ],
    steps: [
        "sent to clearing",
        "waiting for approval",
        "checking the payee",
        "sanctions screening",
    ],
    complaints: [
        "package marked as delivered, not received",
        "charged twice for one order",
        "refund promised last week has not come",
        "cannot sign in since the new app",
        "wrong item sent, and nobody answers",
        "delivery date moved for the third time",
    ],
};

const ZH: Phrases = Phrases {
    customers: [
        "海港书店",
        "林氏五金",
        "绿叶餐饮",
        "枫林药房",
        "蓝鸢旅行社",
        "老磨坊面包",
    ],
    banks: ["江畔银行", "联合储蓄银行", "海岸银行", "商信银行"],
    steps: ["已送清算", "等待审批", "核对收款人", "合规筛查"],
    complaints: [
        "包裹显示已签收，但客户未收到",
        "同一订单被重复扣款",
        "上周承诺的退款仍未到账",
        "更新应用后无法登录",
        "发错商品且客服无人回复",
        "送货日期第三次推迟",
    ],
};

/// One message for a key: `index` is which of several of the same alert it is, `total` what the key stands at.
pub fn message(lang: Language, key: &str, index: usize, total: f64, random: &mut fastrand::Rng) -> String {
    let phrases = match lang {
        Language::English => &EN,
        Language::Chinese => &ZH,
    };
    let minutes = random.u32(5..90);
    let number = random.u32(100_000..1_000_000);
    let amount = money(random.u64(1_900..4_000_000));
    match (lang, key) {
        (Language::English, "x") => {
            let customer = pick(&phrases.customers, random);
            format!("Order {number} ({customer}, CNY {amount}) has been unpaid for {minutes} minutes")
        }
        (Language::Chinese, "x") => {
            let customer = pick(&phrases.customers, random);
            format!("订单 {number}（{customer}，{amount} 元）已 {minutes} 分钟未付款")
        }
        (Language::English, "y") => {
            let (bank, step) = (pick(&phrases.banks, random), pick(&phrases.steps, random));
            format!(
                "Transfer T{number} of CNY {amount} to {bank} has been stuck at \"{step}\" for {minutes} minutes"
            )
        }
        (Language::Chinese, "y") => {
            let (bank, step) = (pick(&phrases.banks, random), pick(&phrases.steps, random));
            format!("转账 T{number}（{amount} 元，收款行{bank}）卡在“{step}”已 {minutes} 分钟")
        }
        // The first says how many wait, the others name one complaint each.
        (Language::English, "z") if index == 0 => {
            let complaint = pick(&phrases.complaints, random);
            format!("{total} complaints are waiting, the oldest for {minutes} minutes: {complaint}")
        }
        (Language::Chinese, "z") if index == 0 => {
            let complaint = pick(&phrases.complaints, random);
            format!("{total} 条投诉待处理，最早一条已等待 {minutes} 分钟：{complaint}")
        }
        (Language::English, "z") => format!(
            "Complaint C{number}, {minutes} minutes old: {}",
            pick(&phrases.complaints, random)
        ),
        (Language::Chinese, "z") => format!(
            "投诉 C{number}（已等待 {minutes} 分钟）：{}",
            pick(&phrases.complaints, random)
        ),
        (Language::English, _) => {
            format!("{key} stands at {total}; case {number} has been open for {minutes} minutes")
        }
        (Language::Chinese, _) => format!("{key} 现为 {total}；事项 {number} 已 {minutes} 分钟未处理"),
    }
}

fn pick<'a>(of: &[&'a str], random: &mut fastrand::Rng) -> &'a str {
    random.choice(of.iter().copied()).unwrap_or_default()
}

/// Cents as people write an amount: `12,345.60`.
fn money(cents: u64) -> String {
    let (whole, cents) = (cents / 100, cents % 100);
    let thousands = if whole >= 1_000 {
        format!("{},{:03}", whole / 1_000, whole % 1_000)
    } else {
        whole.to_string()
    };
    format!("{thousands}.{cents:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_deterministic_and_in_their_language() {
        for key in ["x", "y", "z", "w"] {
            let write = |lang, seed| message(lang, key, 0, 104.0, &mut fastrand::Rng::with_seed(seed));
            assert_eq!(write(Language::English, 3), write(Language::English, 3));
            assert_ne!(write(Language::English, 3), write(Language::English, 4));
            assert!(
                write(Language::English, 3).is_ascii(),
                "{}",
                write(Language::English, 3)
            );
            assert!(
                write(Language::Chinese, 3).contains("分钟"),
                "{}",
                write(Language::Chinese, 3)
            );
        }
        let z = message(Language::English, "z", 0, 104.0, &mut fastrand::Rng::with_seed(1));
        assert!(z.starts_with("104 complaints are waiting"), "{z}");
    }

    #[test]
    fn amounts_are_written_as_people_write_them() {
        assert_eq!(
            (money(1_900), money(3_999_905)),
            ("19.00".to_owned(), "39,999.05".to_owned())
        );
    }
}
