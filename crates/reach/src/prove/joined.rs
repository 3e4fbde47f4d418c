//! Intents on ways laid between VPCs, whoever sends and whatever the filters let through.

use model::id::VpcId;
use model::network::AttachedTo;

use super::{Proof, Proved, Reasons, Unprovable};
use crate::prover::Prover;

impl Prover<'_> {
    /// No peering joins two VPCs, and no transit table leads from one's attachment to the other's.
    pub(super) fn not_joined(&self, left: &VpcId, right: &VpcId) -> Proved {
        for vpc in [left, right] {
            if !self.network.vpcs.contains_key(vpc) {
                let reason = format!("the intent names {vpc}, which is not there");
                return Err(Unprovable::Senseless(reason));
            }
        }
        if left == right {
            let reason = format!("the intent names {left} twice");
            return Err(Unprovable::Senseless(reason));
        }
        let mut peerings = self.network.peerings.iter();
        if let Some((id, _)) = peerings.find(|(_, held)| held.other(left) == Some(right)) {
            let detail = format!("peering {id} joins {left} and {right}");
            return Ok(Proof::fails(detail));
        }
        let mut unknown = Reasons::default();
        for (from, to) in [(left, right), (right, left)] {
            if let Some(joined) = self.joined_by_transit(from, to, &mut unknown) {
                return Ok(joined);
            }
            self.note_unmodelled(from, &self.atlas.ranges(to), &mut unknown);
        }
        if !unknown.is_empty() {
            return Ok(Proof::unknown(unknown.to_string()));
        }
        Ok(Proof::holds(format!(
            "no peering and no transit table leads from {left} to {right}, nor the other way"
        )))
    }

    /// A route of a table that one VPC's attachment asks which leads to the other's attachment.
    fn joined_by_transit(&self, from: &VpcId, to: &VpcId, unknown: &mut Reasons) -> Option<Proof> {
        let is_of = |end: &AttachedTo, wanted: &VpcId| matches!(end, AttachedTo::Vpc { vpc, .. } if vpc == wanted);
        for (id, gateway) in &self.network.transit_gateways {
            let legs = gateway.attachments.values();
            let asked = legs.filter(|leg| is_of(&leg.to, from));
            for table in asked.filter_map(|leg| leg.table.as_ref()) {
                let Some(claims) = self.atlas.transit_table(id, table) else {
                    unknown.note(&format!(
                        "table {table} of transit gateway {id} is not known"
                    ));
                    continue;
                };
                for (_, route) in claims {
                    let Some(out) = &route.attachment else {
                        continue;
                    };
                    match gateway.attachments.get(out) {
                        Some(leg) if is_of(&leg.to, to) => {
                            let how = if route.propagated {
                                ", propagated,"
                            } else {
                                ""
                            };
                            return Some(Proof::fails(format!(
                                "table {table} of transit gateway {id}, which {from} asks, leads {}{how} to {to}",
                                route.destination
                            )));
                        }
                        Some(_) => {}
                        None => unknown.note(&format!("attachment {out} is not known")),
                    }
                }
            }
        }
        None
    }
}
