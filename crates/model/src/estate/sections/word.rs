//! Values that are one of a few words.

use toml::Spanned;
use toml::de::DeValue;

use crate::document::{Field, Report, WRONG_VALUE, did_you_mean, list, quote};
use crate::estate::{
    AlertKind, BalancerKind, CertificateIssuer, CertificateValidation, HandOver, Hardening,
    OutboundKind, Payer, Period, PersonRole, Side, SupportService, System, Weekday,
};

/// A type each of whose values is written as a word.
pub(super) trait Word: Copy + 'static {
    /// Every word and what it means; the first stands for one that could not be read.
    const WORDS: &'static [(&'static str, Self)];
}

macro_rules! words {
    ($($type:ty: $wanted:literal { $($word:literal => $value:expr,)+ })+) => {$(
        impl Word for $type {
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, $value)),+];
        }

        crate::document::described_words!($type);

        impl Field for $type {
            const WANTED: &'static str = $wanted;

            fn read(value: &Spanned<DeValue<'_>>, path: &str, report: &mut Report) -> Self {
                one_of(value, path, report)
            }

            fn placeholder() -> Self {
                first()
            }
        }
    )+};
}

words! {
    Payer: "`customer` or `operator`" {
        "customer" => Self::Customer,
        "operator" => Self::Operator,
    }
    BalancerKind: "`network` or `application`" {
        "network" => Self::Network,
        "application" => Self::Application,
    }
    System: "`ubuntu` or `red-hat`" {
        "ubuntu" => Self::Ubuntu,
        "red-hat" => Self::RedHat,
    }
    Hardening: "`none`, `cis-level-1` or `cis-level-2`" {
        "none" => Self::None,
        "cis-level-1" => Self::CisLevel1,
        "cis-level-2" => Self::CisLevel2,
    }
    HandOver: "`address` or `alias`" {
        "address" => Self::Address,
        "alias" => Self::Alias,
    }
    OutboundKind: "a kind of dependency" {
        "other" => Self::Other,
        "mirror" => Self::Mirror,
        "ldap" => Self::Ldap,
        "back-end" => Self::BackEnd,
        "proxy" => Self::Proxy,
    }
    CertificateIssuer: "`acm`, `customer` or `public`" {
        "acm" => Self::Acm,
        "customer" => Self::Customer,
        "public" => Self::Public,
    }
    CertificateValidation: "`dns`, `mail` or `manual`" {
        "dns" => Self::Dns,
        "mail" => Self::Mail,
        "manual" => Self::Manual,
    }
    Side: "`operator` or `customer`" {
        "operator" => Self::Operator,
        "customer" => Self::Customer,
    }
    PersonRole: "a role" {
        "engineer" => Self::Engineer,
        "approver" => Self::Approver,
        "console-admin" => Self::ConsoleAdmin,
        "receiver" => Self::Receiver,
        "declares-disaster" => Self::DeclaresDisaster,
    }
    Weekday: "a day of the week" {
        "monday" => Self::Monday,
        "tuesday" => Self::Tuesday,
        "wednesday" => Self::Wednesday,
        "thursday" => Self::Thursday,
        "friday" => Self::Friday,
        "saturday" => Self::Saturday,
        "sunday" => Self::Sunday,
    }
    AlertKind: "a kind of alert" {
        "outage" => Self::Outage,
        "capacity" => Self::Capacity,
        "backup" => Self::Backup,
        "certificate" => Self::Certificate,
        "security" => Self::Security,
    }
    SupportService: "a support service" {
        "development" => Self::Development,
        "deployment" => Self::Deployment,
        "administration" => Self::Administration,
        "quality-assurance" => Self::QualityAssurance,
        "training" => Self::Training,
        "penetration-test" => Self::PenetrationTest,
    }
    Period: "`month`, `quarter` or `year`" {
        "month" => Self::Month,
        "quarter" => Self::Quarter,
        "year" => Self::Year,
    }
    Keeper: "`customer` or `operator`" {
        "customer" => Self::Customer,
        "operator" => Self::Operator,
    }
    Ground: "`vpc`, `operator-vpc` or `data-centre`" {
        "vpc" => Self::Vpc,
        "operator-vpc" => Self::OperatorVpc,
        "data-centre" => Self::DataCentre,
    }
}

/// Who keeps a zone, as the file says it.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Keeper {
    Customer,
    Operator,
}

/// Where a bastion stands, as the file says it.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Ground {
    Vpc,
    OperatorVpc,
    DataCentre,
}

/// The value that stands for one that could not be read.
fn first<T: Word>() -> T {
    let [(_, first), ..] = T::WORDS else {
        unreachable!("every type here has words")
    };
    *first
}

/// Reads one of a few known words.
fn one_of<T: Word + Field>(value: &Spanned<DeValue<'_>>, path: &str, report: &mut Report) -> T {
    let names = || T::WORDS.iter().map(|(name, _)| *name);
    let text = match value.get_ref() {
        DeValue::String(text) => text.as_ref(),
        _ => "",
    };
    if let Some((_, found)) = T::WORDS.iter().find(|(name, _)| *name == text) {
        return *found;
    }
    let label = match did_you_mean(text, names()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("must be {}", T::WANTED),
    };
    report.refuse(
        WRONG_VALUE,
        path,
        Some(value.span()),
        &label,
        format!("{} must be {}.", quote(path), T::WANTED),
        format!("Write one of {}, in quotes.", list(names())),
    );
    T::placeholder()
}
