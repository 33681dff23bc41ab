//! Ranges of addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A range of addresses, `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prefix {
    network: IpAddr,
    length: u8,
    loopback: bool,
}

impl Prefix {
    /// Reads a range as Go's `netip.ParsePrefix` does: a length is needed, and nothing is trimmed.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let plain = length.bytes().all(|byte| byte.is_ascii_digit());
        let length: u8 = length
            .parse()
            .ok()
            .filter(|number: &u8| plain && number.to_string().len() == length.len())?;
        (length <= longest(address)).then(|| Self::new(address, length))
    }

    /// One address.
    pub(super) fn of(address: IpAddr) -> Self {
        Self::new(address, longest(address))
    }

    fn new(address: IpAddr, length: u8) -> Self {
        let loopback = address.is_loopback();
        Self { network: masked(address, length), length, loopback }
    }

    pub(super) fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.network.is_ipv4() && masked(address, self.length) == self.network
    }

    /// Whether every address is in it.
    pub(super) fn is_all(&self) -> bool {
        self.length == 0
    }

    pub(super) fn is_ipv4(&self) -> bool {
        self.network.is_ipv4()
    }

    /// Whether the address that it was read from is one of the loopback interface.
    pub(super) fn is_loopback(&self) -> bool {
        self.loopback
    }
}

fn longest(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The address without the bits behind the prefix.
fn masked(address: IpAddr, length: u8) -> IpAddr {
    let length = u32::from(length);
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(length)).unwrap_or(0);
            Ipv4Addr::from(u32::from(address) & mask).into()
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(length)).unwrap_or(0);
            Ipv6Addr::from(u128::from(address) & mask).into()
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.length)
    }
}
