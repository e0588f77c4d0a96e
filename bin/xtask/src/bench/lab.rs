//! A link on this machine: two network namespaces and a router between them.
//!
//! ```text
//!  sender 10.99.1.1 -- 10.99.1.2 router 10.99.2.2 -- 10.99.2.1 receiver
//!                                  token bucket of the rate, FIFO of the queue's bytes
//! ```
//!
//! If the link has a delay or loses packets, the router is a process ([`router`]).

mod namespace;
pub(super) mod router;

use std::env;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::children::Background;
use crate::failure::{Context, Outcome};
use crate::sandbox::{STARTING, is_event, number_field};

pub(super) use self::namespace::Namespace;
use self::router::{PORT, SIDES};

/// The properties of the link.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Rate of the wire, headers included; infinite for loopback without limits.
    pub mbit: f64,
    pub queue_bytes: u32,
    pub round_trip: Duration,
    /// The fraction of packets that is lost on the way to the receiver.
    pub loss: f64,
}

impl Shape {
    pub(super) const LOOPBACK: Self = Self::new(f64::INFINITY, 0);

    pub(super) const fn new(mbit: f64, queue_bytes: u32) -> Self {
        Self {
            mbit,
            queue_bytes,
            round_trip: Duration::ZERO,
            loss: 0.0,
        }
    }

    pub(super) const fn round_trip(self, milliseconds: u64) -> Self {
        let round_trip = Duration::from_millis(milliseconds);
        Self { round_trip, ..self }
    }

    pub(super) const fn loss(self, loss: f64) -> Self {
        Self { loss, ..self }
    }

    fn needs_process(&self) -> bool {
        self.round_trip > Duration::ZERO || self.loss > 0.0
    }
}

/// The namespaces and the link between them, removed when dropped.
pub(super) struct Lab {
    /// Those of the sender, the receiver and the router; on loopback a single one.
    namespaces: Vec<Namespace>,
    /// The addresses of sender and receiver.
    hosts: [&'static str; 2],
    router: Option<Background>,
}

impl Lab {
    /// The kernel routes, unless the link has a delay or loss, or `has_own_router` is set.
    pub(super) fn new(shape: &Shape, has_own_router: bool) -> Outcome<Self> {
        let mut lab = Self {
            namespaces: vec![Namespace::new()?],
            hosts: ["127.0.0.1"; 2],
            router: None,
        };
        if shape.mbit.is_finite() {
            lab.namespaces
                .extend([Namespace::new()?, Namespace::new()?]);
            match has_own_router || shape.needs_process() {
                true => lab.route_by_process(shape)?,
                false => lab.route_by_kernel(shape)?,
            }
        }
        Ok(lab)
    }

    pub(super) fn sender(&self) -> (&Namespace, &'static str) {
        (&self.namespaces[0], self.hosts[0])
    }

    pub(super) fn receiver(&self) -> (&Namespace, &'static str) {
        let namespace = self.namespaces.get(1).unwrap_or(&self.namespaces[0]);
        (namespace, self.hosts[1])
    }

    /// Changes the rate of the token bucket, also while it is in use.
    pub(super) fn change(&self, shape: &Shape) -> Outcome {
        self.bucket("change", shape)
    }

    /// How late the router in user space was, and how many packets its socket lost; `None` if the
    /// kernel routes.
    pub(super) fn router_report(&self) -> Outcome<Option<String>> {
        let Some(process) = &self.router else {
            return Ok(None);
        };
        let late = process.lines_until(Instant::now());
        let late = late
            .iter()
            .filter_map(|(_, line)| number_field(line, None, "late_ms"));
        let late = late.fold(0.0, f64::max);
        let path = format!("/proc/{}/net/snmp", process.id());
        let table = fs::read_to_string(&path).context(&path)?;
        let dropped = udp_field(&table, "RcvbufErrors").unwrap_or(0);
        Ok(Some(format!(
            "router in user space: at most {late:.1} ms late, {dropped} packets lost unseen"
        )))
    }

    fn route_by_kernel(&mut self, shape: &Shape) -> Outcome {
        self.hosts = SIDES.map(|(_, host)| host);
        self.connect(MTU)?;
        self.router().write("net/ipv4/ip_forward", "1")?;
        for (side, (gateway, _)) in self.namespaces.iter().zip(SIDES) {
            side.ip(&format!("route add default via {gateway}"))?;
        }
        self.bucket("add", shape)
    }

    fn route_by_process(&mut self, shape: &Shape) -> Outcome {
        self.hosts = ["10.98.0.1", "10.98.0.2"];
        self.connect(MTU + VXLAN_BYTES)?;
        for ((side, host), (router, _)) in self.namespaces.iter().zip(self.hosts).zip(SIDES) {
            let vxlan = format!("vxlan id 1 remote {router} dstport {PORT}");
            side.ip(&format!("link add vx mtu {MTU} type {vxlan}"))?;
            side.bring_up("vx", host)?;
            // With checksum offload, packets would reach the router's socket without a checksum.
            side.run("ethtool -K vx tx off")?;
        }
        // A real router has a processor of its own; this one gets real-time priority.
        let mut command = Command::new("chrt");
        command
            .args(["--fifo", "1"])
            .arg(env::current_exe().context("this program")?)
            .args(["bench", "link"])
            .args(router::arguments(shape));
        let process = Background::start(&mut self.router().inside(&command))?;
        process.line(STARTING, |line| is_event(line, "routing").then_some(()))?;
        self.router = Some(process);
        Ok(())
    }

    fn router(&self) -> &Namespace {
        self.namespaces.last().unwrap_or(&self.namespaces[0])
    }

    fn bucket(&self, verb: &str, shape: &Shape) -> Outcome {
        let Shape {
            mbit, queue_bytes, ..
        } = shape;
        // A burst of five packets: smooth at 20 Mbit/s, and enough for the kernel's timer at 100.
        let bucket = format!("rate {mbit}mbit burst 8k limit {queue_bytes}");
        let device = format!("tc qdisc {verb} dev veth-rd root");
        self.router().run(&format!("{device} tbf {bucket}"))
    }

    /// A veth pair from each side to the router.
    fn connect(&self, mtu: u32) -> Outcome {
        let router = self.router();
        let names = [["veth-s", "veth-rs"], ["veth-d", "veth-rd"]];
        for ((side, [near, far]), (gateway, host)) in self.namespaces.iter().zip(names).zip(SIDES) {
            side.ip(&format!(
                "link add {near} mtu {mtu} type veth peer name {far} mtu {mtu}"
            ))?;
            side.ip(&format!("link set {far} netns {}", router.id()))?;
            side.bring_up(near, host)?;
            router.bring_up(far, gateway)?;
        }
        Ok(())
    }
}

/// The MTU of the link, the usual one of Ethernet.
const MTU: u32 = 1500;

/// The overhead of VXLAN for each packet: the headers of IP, UDP, VXLAN and Ethernet.
const VXLAN_BYTES: u32 = 50;

/// A UDP counter of net/snmp (proc(5)), which has a line of names and one of values.
fn udp_field(table: &str, name: &str) -> Option<u64> {
    let mut lines = table.lines().filter(|line| line.starts_with("Udp:"));
    let at = lines.next()?.split(' ').position(|field| field == name)?;
    lines.next()?.split(' ').nth(at)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_udp_is_found_under_its_name() {
        let table = "Tcp: A B\nTcp: 1 2\nUdp: In RcvbufErrors Out\nUdp: 7 42 9\nUdpLite: In\n";
        assert_eq!(udp_field(table, "RcvbufErrors"), Some(42));
        assert_eq!(udp_field(table, "B"), None);
    }
}
