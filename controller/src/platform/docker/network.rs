//! The network of an app: one bridge that only its own instances are on.

use std::collections::HashMap;

use bollard::{
    errors::Error as EngineError,
    models::{Ipam, IpamConfig, Network, NetworkCreateRequest},
    query_parameters::ListNetworksOptionsBuilder,
};
use ipnet::Ipv4Net;

use super::{
    Shared,
    connect::{call, call_raw},
    errors,
};
use crate::platform::{AppRef, Error, NetworkSpec, ObservedNetwork};

/// The app's network. The engine takes the same name twice but not the same addresses, so there is at most one.
pub(super) async fn find(shared: &Shared, app: &AppRef) -> Result<Option<ObservedNetwork>, Error> {
    let options = ListNetworksOptionsBuilder::new().filters(&shared.labels.filter(app)).build();
    let networks = call(shared.engine.client()?.list_networks(Some(options))).await?;
    Ok(networks.into_iter().find_map(observed))
}

pub(super) async fn ensure(shared: &Shared, app: &AppRef, spec: &NetworkSpec) -> Result<(), Error> {
    if let Some(found) = find(shared, app).await? {
        return as_wanted(&found, spec);
    }
    let created = call_raw(shared.engine.client()?.create_network(request(shared, app, spec))).await?;
    match created {
        Ok(_) => Ok(()),
        // Whoever asked at the same time for the same app was first; anybody else has taken the addresses.
        Err(error) if overlaps(&error) => match find(shared, app).await? {
            Some(found) => as_wanted(&found, spec),
            None => Err(Error::SubnetTaken(spec.subnet)),
        },
        Err(error) => Err(errors::from_engine(error)),
    }
}

pub(super) async fn remove(shared: &Shared, app: &AppRef, id: &str) -> Result<(), Error> {
    match find(shared, app).await? {
        Some(found) if found.id == id => {}
        _ => return Ok(()),
    }
    match call(shared.engine.client()?.remove_network(id)).await {
        Ok(()) | Err(Error::Gone) => Ok(()),
        Err(error) => Err(error),
    }
}

fn request(shared: &Shared, app: &AppRef, spec: &NetworkSpec) -> NetworkCreateRequest {
    let gateway = spec.subnet.hosts().next();
    let addresses = IpamConfig {
        subnet: Some(spec.subnet.to_string()),
        gateway: gateway.map(|gateway| gateway.to_string()),
        ..IpamConfig::default()
    };
    let options = [
        ("com.docker.network.bridge.name", spec.bridge.as_str()),
        ("com.docker.network.bridge.enable_icc", "true"),
        ("com.docker.network.bridge.enable_ip_masquerade", "true"),
    ];
    NetworkCreateRequest {
        // The engine looks names up when it connects a container, so they have to be unique on the machine: another
        // installation may have an app of the same name.
        name: format!("slipway-{}-{}", app.platform_name, app.uuid.simple()),
        driver: Some("bridge".to_owned()),
        enable_ipv6: Some(false),
        ipam: Some(Ipam { config: Some(vec![addresses]), ..Ipam::default() }),
        options: Some(HashMap::from(options.map(|(key, value)| (key.to_owned(), value.to_owned())))),
        labels: Some(shared.labels.of_app(app)),
        ..NetworkCreateRequest::default()
    }
}

fn observed(network: Network) -> Option<ObservedNetwork> {
    let subnet = network.ipam?.config?.into_iter().find_map(|config| config.subnet?.parse::<Ipv4Net>().ok())?;
    Some(ObservedNetwork { id: network.id?, subnet })
}

fn as_wanted(found: &ObservedNetwork, spec: &NetworkSpec) -> Result<(), Error> {
    if found.subnet == spec.subnet {
        return Ok(());
    }
    Err(Error::Rejected(format!("the app's network has the addresses {}, not {}", found.subnet, spec.subnet)))
}

fn overlaps(error: &EngineError) -> bool {
    errors::message(error).is_some_and(|message| message.contains("Pool overlaps"))
}
