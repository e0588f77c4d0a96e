//! Figures beside their goals.

/// One figure: what, how much, and whether it is as promised.
pub(super) fn print(what: &str, value: &str, goal: Option<(&str, bool)>) {
    let goal = match goal {
        Some((goal, true)) => format!("goal {goal}: held"),
        Some((goal, false)) => format!("goal {goal}: MISSED"),
        None => String::new(),
    };
    println!("{what:<44} {value:<44} {goal}");
}
