//! Which language a router is configured in, told from what the estate says of it.

use std::fmt;

use model::vpn::CustomerGateway;

/// A router's configuration language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// strongSwan's `swanctl.conf`, with BIRD for the routes.
    StrongSwan,
    /// Cisco IOS and IOS XE.
    CiscoIos,
    /// Cisco ASA, also on Firepower hardware.
    CiscoAsa,
    /// Junos on a firewall of the SRX family.
    Junos,
    /// FortiOS on a FortiGate.
    FortiOs,
    /// PAN-OS.
    PanOs,
    /// None that is known: a sheet of parameters.
    Generic,
}

/// One line of the table: a router whose vendor, model and software together name one of `makers`, one of `products`
/// (where there are any), and none of `except`.
struct Row {
    makers: &'static [&'static str],
    products: &'static [&'static str],
    except: &'static [&'static str],
    dialect: Dialect,
}

/// The table, asked from the top. Words are beginnings of words: `isr` finds `ISR4331` and `ISR 4331`.
///
/// The exceptions are devices of the same makers that do not take the language: Firepower under Threat Defense, routers
/// under IOS XR, Meraki, Junos routers without the firewall's `security` configuration, distributions of their own kind.
const TABLE: &[Row] = &[
    Row {
        makers: &["cisco"],
        products: &["asa", "firepower", "fpr"],
        except: &["ftd", "threat defense", "asav ftd"],
        dialect: Dialect::CiscoAsa,
    },
    Row {
        makers: &["cisco"],
        products: &[
            "ios",
            "isr",
            "csr",
            "asr",
            "catalyst 8",
            "c8",
            "c11",
            "891",
            "892",
        ],
        except: &[
            "ios xr",
            "iosxr",
            "asr 9",
            "asr9",
            "meraki",
            "nx os",
            "ftd",
            "firepower",
        ],
        dialect: Dialect::CiscoIos,
    },
    Row {
        makers: &["juniper", "junos", "srx", "vsrx"],
        products: &["srx", "vsrx", "junos"],
        except: &["mx", "ex", "qfx", "ptx", "acx", "screenos", "ssg"],
        dialect: Dialect::Junos,
    },
    Row {
        makers: &["fortinet", "fortigate", "fortios"],
        products: &[],
        except: &[],
        dialect: Dialect::FortiOs,
    },
    Row {
        makers: &["palo alto", "paloalto", "pan os", "panos"],
        products: &[],
        except: &["prisma"],
        dialect: Dialect::PanOs,
    },
    Row {
        makers: &["strongswan", "linux", "ubuntu", "debian", "red hat", "rhel"],
        products: &[],
        except: &["libreswan", "openswan", "vyos", "edgeos", "sophos"],
        dialect: Dialect::StrongSwan,
    },
];

impl Dialect {
    /// The language of a router; [`Dialect::Generic`] where none of the known ones is sure.
    pub fn of(gateway: &CustomerGateway) -> Self {
        let words = words(&[&gateway.vendor, &gateway.model, &gateway.software]);
        let names = |list: &[&str]| list.iter().any(|word| words.contains(&format!(" {word}")));
        TABLE
            .iter()
            .find(|row| {
                names(row.makers)
                    && (row.products.is_empty() || names(row.products))
                    && !names(row.except)
            })
            .map_or(Self::Generic, |row| row.dialect)
    }

    /// Whether the router is none that this version writes for.
    pub fn is_generic(self) -> bool {
        self == Self::Generic
    }

    /// The end of the name of the main file.
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::StrongSwan => "swanctl.conf",
            Self::CiscoIos => "ios.cfg",
            Self::CiscoAsa => "asa.cfg",
            Self::Junos => "junos.set",
            Self::FortiOs => "fortios.conf",
            Self::PanOs => "panos.set",
            Self::Generic => "parameters.md",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::StrongSwan => "strongSwan with BIRD",
            Self::CiscoIos => "Cisco IOS and IOS XE",
            Self::CiscoAsa => "Cisco ASA",
            Self::Junos => "Junos (SRX)",
            Self::FortiOs => "FortiOS",
            Self::PanOs => "PAN-OS",
            Self::Generic => "any router",
        })
    }
}

/// The words of some texts in lower case, with one space before each.
fn words(texts: &[&str]) -> String {
    texts
        .iter()
        .flat_map(|text| text.split(|letter: char| !letter.is_alphanumeric()))
        .filter(|word| !word.is_empty())
        .map(|word| format!(" {}", word.to_lowercase()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(vendor: &str, model: &str, software: &str, wanted: Dialect) {
        let gateway = CustomerGateway {
            address: [203, 0, 113, 9].into(),
            vendor: vendor.to_owned(),
            model: model.to_owned(),
            software: software.to_owned(),
        };
        let found = Dialect::of(&gateway);
        assert_eq!(found, wanted, "{vendor} | {model} | {software}");
    }

    #[test]
    fn known_routers_are_known_however_they_are_spelt() {
        check("Cisco", "ISR 4331", "IOS XE 17.6", Dialect::CiscoIos);
        check("CISCO", "isr4331", "17.6", Dialect::CiscoIos);
        check("Cisco Systems, Inc.", "CSR 1000v", "", Dialect::CiscoIos);
        check("cisco", "ASR 1001-X", "IOS-XE", Dialect::CiscoIos);
        check("Cisco", "Catalyst 8300", "17.9", Dialect::CiscoIos);
        check("Cisco", "ASA 5516-X", "9.14", Dialect::CiscoAsa);
        check("Cisco", "ASAv", "9.18", Dialect::CiscoAsa);
        check("Cisco", "Firepower 2110", "ASA 9.16", Dialect::CiscoAsa);
        check("Juniper", "SRX 345", "Junos 21.4", Dialect::Junos);
        check("juniper networks", "vSRX", "", Dialect::Junos);
        check(
            "Fortinet",
            "FortiGate 100F",
            "FortiOS 7.2",
            Dialect::FortiOs,
        );
        check("FortiGate", "60F", "7.4", Dialect::FortiOs);
        check(
            "Palo Alto Networks",
            "PA-850",
            "PAN-OS 10.2",
            Dialect::PanOs,
        );
        check("PaloAlto", "PA-220", "", Dialect::PanOs);
        check("strongSwan", "PC Engines APU", "5.9", Dialect::StrongSwan);
        check("Supermicro", "E300", "Ubuntu 24.04", Dialect::StrongSwan);
    }

    #[test]
    fn what_is_not_sure_is_not_guessed() {
        check("", "", "", Dialect::Generic);
        check("Cisco", "", "", Dialect::Generic);
        check("Cisco", "Meraki MX68", "MX 18", Dialect::Generic);
        check("Cisco", "ASR 9001", "IOS XR 7.5", Dialect::Generic);
        check("Cisco", "Firepower 1140", "FTD 7.2", Dialect::Generic);
        check("Cisco", "Nexus 9300", "NX-OS", Dialect::Generic);
        check("Juniper", "MX204", "Junos 21.4", Dialect::Generic);
        check("Juniper", "SSG 140", "ScreenOS 6.3", Dialect::Generic);
        check("Check Point", "6200", "R81.20", Dialect::Generic);
        check("MikroTik", "CCR2004", "RouterOS 7", Dialect::Generic);
        check("VyOS", "x86", "Linux 1.4", Dialect::Generic);
        check("San Cisco", "Basar 1", "Kiosk", Dialect::Generic);
        check("ISR", "ASA", "PAN", Dialect::Generic);
    }
}
