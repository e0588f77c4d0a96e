//! Findings about the HTTP door of a box: its address, and who may look there.

use super::Finding;
use super::station::{PortFacts, port_for};

const SUBJECT: &str = "http";

/// The address of the door, and what crosses the network there.
pub(crate) fn door(port: &PortFacts) -> Vec<Finding> {
    let mut findings = vec![port_for(SUBJECT, "--http", port)];
    if !port.address.ip().to_canonical().is_loopback() {
        findings.push(Finding::hint(
            SUBJECT,
            "pictures and passes cross the network unencrypted",
            "keep --http at 127.0.0.1; on the other machine: transom watch BOX --http",
        ));
    }
    findings
}

/// How many passes can be read, or why none can.
pub(crate) fn passes(read: &Result<usize, String>) -> Finding {
    match read {
        Ok(0) => Finding::broken(
            SUBJECT,
            "no pass is there, so nobody may look",
            "transom pass add NAME",
        ),
        Ok(1) => Finding::good(SUBJECT, "1 pass may look"),
        Ok(passes) => Finding::good(SUBJECT, format!("{passes} passes may look")),
        Err(why) => Finding::broken(
            SUBJECT,
            format!("nobody may look: {why}"),
            "mend or remove that file",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level::{self, Broken, Good, Hint};
    use super::*;

    fn levels(address: &str) -> Vec<Level> {
        let port = PortFacts {
            address: address.parse().unwrap(),
            refused: None,
            holder: None,
        };
        door(&port).iter().map(|it| it.level).collect()
    }

    #[test]
    fn a_door_that_other_machines_reach_is_a_hint() {
        assert_eq!(levels("127.0.0.1:8080"), [Good]);
        assert_eq!(levels("[::1]:8080"), [Good]);
        assert_eq!(levels("0.0.0.0:8080"), [Good, Hint]);
    }

    #[test]
    fn a_door_without_a_pass_is_of_no_use() {
        assert_eq!(passes(&Ok(0)).level, Broken);
        assert_eq!(passes(&Ok(3)).level, Good);
        assert_eq!(passes(&Err("why".to_owned())).level, Broken);
    }
}
