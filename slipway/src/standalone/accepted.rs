//! Which process has taken a connection: two of a part serve the same sockets for a while, and either may answer.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    path::Path,
};

/// Whether `pid` holds the server's end, at `local`, of the connection from `peer`, on this machine.
pub fn by(pid: u32, local: SocketAddr, peer: SocketAddr) -> io::Result<bool> {
    let table = std::fs::read_to_string(if local.is_ipv4() { "/proc/net/tcp" } else { "/proc/net/tcp6" })?;
    let Some(inode) = inode(&table, local, peer) else { return Ok(false) };
    let wanted = format!("socket:[{inode}]");
    let descriptors = std::fs::read_dir(Path::new("/proc").join(pid.to_string()).join("fd"))?;
    // Descriptors come and go while we look.
    let targets = descriptors.flatten().filter_map(|entry| std::fs::read_link(entry.path()).ok());
    Ok(targets.into_iter().any(|target| target.as_os_str() == wanted.as_str()))
}

/// The inode of a socket in the kernel's table.
fn inode(table: &str, local: SocketAddr, peer: SocketAddr) -> Option<&str> {
    let (local, peer) = (hex(local), hex(peer));
    table.lines().find_map(|line| {
        let mut columns = line.split_whitespace().skip(1);
        let found = columns.next()? == local && columns.next()? == peer;
        found.then(|| columns.nth(6)).flatten()
    })
}

/// As the kernel writes addresses there: words of four bytes, each in the machine's own order.
fn hex(address: SocketAddr) -> String {
    let bytes = match address.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let word = |bytes: &[u8]| bytes.try_into().map(u32::from_ne_bytes).unwrap_or_default();
    let words = bytes.chunks(4).map(|bytes| format!("{:08X}", word(bytes)));
    format!("{}:{:04X}", words.collect::<Vec<_>>().concat(), address.port())
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn the_holder_of_a_connection_is_found() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (local, peer) = (client.peer_addr().unwrap(), client.local_addr().unwrap());
            let server = listener.accept().unwrap();
            assert!(by(std::process::id(), local, peer).unwrap());
            assert!(!by(std::os::unix::process::parent_id(), local, peer).unwrap());
            drop(server);
        }
    }
}
