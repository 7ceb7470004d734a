//! Which master serves which slot, as a node of the cluster tells it. Pure.

use redis::Value;

use crate::{config::Address, keyspace::slots::SLOTS};

/// No master serves the slot.
const NOBODY: u16 = u16::MAX;

/// Who serves what. Cheap to look things up in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slots {
    /// For each slot the place of its master in `masters`.
    owners: Vec<u16>,
    masters: Vec<Address>,
}

impl Default for Slots {
    fn default() -> Self {
        Self {
            owners: vec![NOBODY; SLOTS as usize],
            masters: Vec::new(),
        }
    }
}

impl Slots {
    /// Reads the answer to `CLUSTER SLOTS` of the node at `asked`: ranges of slots, each with its
    /// master and its replicas. `None` if it is no such answer.
    pub fn read(answer: &Value, asked: &Address) -> Option<Self> {
        let Value::Array(ranges) = answer else {
            return None;
        };
        let mut slots = Self::default();
        for range in ranges {
            let Value::Array(parts) = range else {
                return None;
            };
            let [
                Value::Int(first),
                Value::Int(last),
                Value::Array(master),
                ..,
            ] = parts.as_slice()
            else {
                return None;
            };
            let master = address(master, asked)?;
            for slot in *first..=*last {
                slots.set(u16::try_from(slot).ok()?, &master);
            }
        }
        Some(slots)
    }

    /// The master that serves a slot.
    pub fn owner(&self, slot: u16) -> Option<&Address> {
        let owner = *self.owners.get(usize::from(slot))?;
        self.masters.get(usize::from(owner))
    }

    /// All masters that serve slots, and some that served one before.
    pub fn masters(&self) -> &[Address] {
        &self.masters
    }

    /// Whether every slot is served.
    pub fn is_complete(&self) -> bool {
        self.owners.iter().all(|owner| *owner != NOBODY)
    }

    /// A master serves a slot from now on.
    pub fn set(&mut self, slot: u16, master: &Address) {
        let known = self.masters.iter().position(|known| known == master);
        let place = known.unwrap_or_else(|| {
            self.masters.push(master.clone());
            self.masters.len() - 1
        });
        if let Some(owner) = self.owners.get_mut(usize::from(slot)) {
            *owner = place as u16;
        }
    }
}

/// A node's host and port. A node that does not know its own name leaves it to the asker.
fn address(node: &[Value], asked: &Address) -> Option<Address> {
    let [host, Value::Int(port), ..] = node else {
        return None;
    };
    let host = match host {
        Value::BulkString(host) => String::from_utf8(host.clone()).ok()?,
        Value::SimpleString(host) => host.clone(),
        _ => String::new(),
    };
    Some(Address {
        host: known_host(&host, asked),
        port: u16::try_from(*port).ok()?,
    })
}

fn known_host(host: &str, asked: &Address) -> String {
    match host {
        "" | "?" => asked.host.clone(),
        host => host.to_owned(),
    }
}

/// The `host:port` of a redirection that the node at `asked` gave; IPv6 stands without brackets.
pub fn redirection(text: &str, asked: &Address) -> Option<Address> {
    let (host, port) = text.rsplit_once(':')?;
    Some(Address {
        host: known_host(host, asked),
        port: port.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(host: &str, port: u16) -> Address {
        let host = host.to_owned();
        Address { host, port }
    }

    fn range(first: i64, last: i64, host: &str, port: i64) -> Value {
        let node = |port| {
            Value::Array(vec![
                Value::BulkString(host.as_bytes().to_vec()),
                Value::Int(port),
                Value::BulkString(b"id".to_vec()),
                Value::Array(vec![]),
            ])
        };
        Value::Array(vec![
            Value::Int(first),
            Value::Int(last),
            node(port),
            node(port + 1_000),
        ])
    }

    #[test]
    fn ranges_are_read_with_their_masters() {
        let answer = Value::Array(vec![
            range(0, 99, "a", 1),
            range(100, 16_383, "", 2),
            range(50, 50, "c", 3),
        ]);
        let mut slots = Slots::read(&answer, &at("me", 9)).unwrap();
        assert_eq!(slots.owner(0), Some(&at("a", 1)));
        assert_eq!(slots.owner(16_383), Some(&at("me", 2)));
        assert_eq!(slots.owner(50), Some(&at("c", 3)));
        assert_eq!(slots.masters().len(), 3);
        assert!(slots.is_complete());
        slots.set(7, &at("d", 4));
        assert_eq!(slots.owner(7), Some(&at("d", 4)));
        assert_eq!(slots.owner(8), Some(&at("a", 1)));
    }

    #[test]
    fn a_slot_that_nobody_serves_has_no_owner() {
        let answer = Value::Array(vec![range(0, 1, "a", 1)]);
        let slots = Slots::read(&answer, &at("me", 9)).unwrap();
        assert_eq!(slots.owner(2), None);
        assert!(!slots.is_complete());
        assert_eq!(Slots::read(&Value::Nil, &at("me", 9)), None);
    }

    #[test]
    fn redirections_are_read() {
        assert_eq!(redirection("b:7001", &at("a", 1)), Some(at("b", 7_001)));
        assert_eq!(redirection(":7001", &at("a", 1)), Some(at("a", 7_001)));
        assert_eq!(redirection("::1:7001", &at("a", 1)), Some(at("::1", 7_001)));
        assert_eq!(redirection("b", &at("a", 1)), None);
    }
}
