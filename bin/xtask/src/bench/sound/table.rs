//! Figures beside their goals.

/// Prints a figure: name, value, and whether its goal was met.
pub(super) fn print(what: &str, value: &str, goal: Option<(&str, bool)>) {
    let goal = match goal {
        Some((goal, true)) => format!("goal {goal}: held"),
        Some((goal, false)) => format!("goal {goal}: MISSED"),
        None => String::new(),
    };
    println!("{what:<44} {value:<44} {goal}");
}
