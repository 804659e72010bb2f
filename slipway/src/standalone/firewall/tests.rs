//! The rules in a kernel: written and read back, and packets between networks made for it.

use std::{
    fs::{File, read_link},
    net::{TcpListener, TcpStream},
    os::fd::AsFd,
    process::Child,
    time::{Duration, Instant},
};

use super::*;

/// How long a network may take to be there.
const PATIENCE: Duration = Duration::from_secs(20);
/// Silence that shows that a packet was dropped: on one machine an answer takes microseconds.
const SILENCE: Duration = Duration::from_millis(300);
/// Where everybody listens: the port of a public router.
const PORT: u16 = 8080;

/// A network of its own, for as long as a process of it lives.
struct Net(Child);

impl Net {
    fn new() -> Self {
        let net = Self(Command::new("unshare").args(["--net", "sleep", "60"]).spawn().unwrap());
        let deadline = Instant::now() + PATIENCE;
        while read_link(net.path()).unwrap() == read_link("/proc/thread-self/ns/net").unwrap() {
            assert!(Instant::now() < deadline, "unshare does not get a network of its own");
            std::thread::yield_now();
        }
        net
    }

    fn path(&self) -> String {
        format!("/proc/{}/ns/net", self.0.id())
    }

    /// Puts this thread, and the tools it starts, into it.
    fn enter(&self) {
        rustix::thread::move_into_link_name_space(File::open(self.path()).unwrap().as_fd(), None).unwrap();
    }

    fn within<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                self.enter();
                work()
            });
            thread.join().unwrap()
        })
    }

    /// A network at the other end of `link`, whose host has `gateway` and itself `address`; somebody listens in it.
    fn behind(link: &str, gateway: &str, address: &str) -> (Self, TcpListener) {
        let net = Self::new();
        ip(&format!("link add {link} type veth peer name end netns {}", net.0.id()));
        ip(&format!("address add {gateway} dev {link}"));
        ip(&format!("link set {link} up"));
        let host = gateway.split('/').next().unwrap();
        let listener = net.within(|| {
            ip(&format!("address add {address} dev end"));
            ip("link set end up");
            ip(&format!("route add default via {host}"));
            listen()
        });
        (net, listener)
    }

    fn reaches(&self, address: &str) -> bool {
        let address = format!("{address}:{PORT}").parse().unwrap();
        self.within(|| TcpStream::connect_timeout(&address, SILENCE).is_ok())
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn ip(arguments: &str) {
    tool::run(Command::new("ip").args(arguments.split(' '))).unwrap();
}

fn listen() -> TcpListener {
    TcpListener::bind(("0.0.0.0", PORT)).unwrap()
}

fn firewall() -> Firewall {
    let policy = Policy {
        router_ports: vec![80, PORT],
        name_servers: vec!["10.0.0.53".parse().unwrap(), "fd00::53".parse().unwrap()],
        builds: "10.255.255.0/24".parse().unwrap(),
        uplinks: vec!["eth0".to_owned(), "wlp3s0".to_owned()],
    };
    Firewall { prefix: "slipway".to_owned(), policy }
}

#[test]
fn what_builds_send_is_passed_on() {
    Net::new().enter();
    std::fs::write(FORWARDING, "0").unwrap();
    assert!(ensure_forwarding().unwrap());
    assert_eq!(std::fs::read_to_string(FORWARDING).unwrap(), "1\n");
    assert!(!ensure_forwarding().unwrap());
}

#[test]
fn the_kernel_has_the_rules_until_they_are_removed() {
    Net::new().enter();
    let firewall = firewall();
    assert!(firewall.assert().unwrap());
    assert!(!firewall.assert().unwrap(), "what was written is what is read back");

    // What a restart of Docker or an administrator may do.
    tool::run(Command::new("iptables").args(["-I", "INPUT", "-p", "tcp", "-j", "ACCEPT"])).unwrap();
    tool::run(Command::new("iptables").args(["-F", "DOCKER-USER"])).unwrap();
    tool::run(Command::new("iptables").args(["-t", "nat", "-F", "POSTROUTING"])).unwrap();
    assert!(firewall.assert().unwrap());
    let text = saved(Family::V4, Table::Filter).unwrap();
    let first = text.lines().find(|line| line.starts_with("-A INPUT")).unwrap();
    assert_eq!(first, "-A INPUT -j SLIPWAY-INPUT");
    let text = saved(Family::V4, Table::Nat).unwrap();
    assert!(text.contains("-A POSTROUTING -j SLIPWAY-POSTROUTING"), "{text}");
    assert!(!firewall.assert().unwrap());

    // Another installation is content to come after, or before.
    let builds = "10.251.255.0/24".parse().unwrap();
    let other = Firewall { prefix: "other".to_owned(), policy: Policy { builds, ..firewall.policy.clone() } };
    assert!(other.assert().unwrap());
    assert!(!firewall.assert().unwrap() && !other.assert().unwrap(), "two that both want to be first never rest");
    Firewall::remove("other").unwrap();

    Firewall::remove("slipway").unwrap();
    let left: String = PLACES.iter().map(|(family, table)| saved(*family, *table).unwrap()).collect();
    assert!(!left.contains("SLIPWAY"), "{left}");
}

#[test]
fn a_build_reaches_the_outside_and_nothing_of_this_machine() {
    Net::new().enter();
    ip("link set lo up");
    let (outside, beyond) = Net::behind("eth0", "192.0.2.2/24", "192.0.2.1/24");
    ip("route add default via 192.0.2.1");
    ip("route add 169.254.169.254 dev eth0");
    outside.within(|| ip("address add 169.254.169.254/32 dev end"));
    let (build, _at_build) = Net::behind("sw-b1", "10.255.255.1/30", "10.255.255.2/30");
    let (_neighbour, _at_neighbour) = Net::behind("sw-b2", "10.255.255.5/30", "10.255.255.6/30");
    let (app, _at_app) = Net::behind("sw-a1", "10.252.0.1/24", "10.252.0.2/24");
    let (_engine, _at_engine) = Net::behind("docker0", "172.17.0.1/16", "172.17.0.2/16");
    let _router = listen();
    assert!(build.reaches("10.255.255.1") && build.reaches("192.0.2.2"), "without rules everything is open");
    // As the engine leaves it.
    for arguments in ["-P FORWARD DROP", "-N DOCKER-USER", "-A FORWARD -j DOCKER-USER"] {
        tool::run(Command::new("iptables").args(arguments.split(' '))).unwrap();
    }
    firewall().assert().unwrap();

    assert!(build.reaches("192.0.2.1"));
    assert_eq!(beyond.accept().unwrap().1.ip().to_string(), "192.0.2.2", "under the machine's address");
    assert!(app.reaches("10.252.0.1"), "apps may ask the router");
    let closed = ["10.255.255.1", "192.0.2.2", "10.252.0.1", "172.17.0.1"].map(|host| (host, "the host"));
    let others = [
        ("10.252.0.2", "an app"),
        ("10.255.255.6", "another build"),
        ("172.17.0.2", "a container"),
        ("169.254.169.254", "the cloud's metadata"),
    ];
    for (address, what) in closed.into_iter().chain(others) {
        assert!(!build.reaches(address), "{what} at {address}");
    }
    for (net, what) in [(&app, "an app"), (&outside, "the outside")] {
        assert!(!net.reaches("10.255.255.2"), "{what} reaches a build");
    }
}
