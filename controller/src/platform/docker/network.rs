//! The network of an app: one bridge that only its own instances are on.

use std::{collections::HashMap, net::IpAddr};

use anyhow::anyhow;
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

/// The app's networks. No two have the same addresses: the engine sees to that, which takes the same name twice.
pub(super) async fn find(shared: &Shared, app: &AppRef) -> Result<Vec<ObservedNetwork>, Error> {
    let options = ListNetworksOptionsBuilder::new().filters(&shared.labels.filter(app)).build();
    let networks = call(shared.engine.client()?.list_networks(Some(options))).await?;
    Ok(networks.into_iter().filter_map(observed).collect())
}

/// The id of the network in which a container gets this address.
pub(super) async fn required(shared: &Shared, app: &AppRef, address: Option<IpAddr>) -> Result<String, Error> {
    let fits = |network: &ObservedNetwork| match address {
        Some(IpAddr::V4(address)) => network.subnet.contains(&address),
        Some(IpAddr::V6(_)) | None => true,
    };
    let network = find(shared, app).await?.into_iter().find(fits);
    network.map(|network| network.id).ok_or_else(|| Error::Unavailable(anyhow!("the app has no network yet")))
}

pub(super) async fn ensure(shared: &Shared, app: &AppRef, spec: &NetworkSpec) -> Result<(), Error> {
    let is_wanted = |found: &ObservedNetwork| found.subnet == spec.subnet;
    if find(shared, app).await?.iter().any(is_wanted) {
        return Ok(());
    }
    let created = call_raw(shared.engine.client()?.create_network(request(shared, app, spec))).await?;
    match created {
        Ok(_) => Ok(()),
        // Whoever asked at the same time for the same app was first; anybody else has taken the addresses. So has a call
        // of ours that took too long and is still being carried out: what comes of it is removed once it shows.
        Err(error) if overlaps(&error) => {
            let ours = find(shared, app).await?.iter().any(is_wanted);
            if ours { Ok(()) } else { Err(Error::SubnetTaken(spec.subnet)) }
        }
        Err(error) => Err(errors::from_engine(error)),
    }
}

pub(super) async fn remove(shared: &Shared, app: &AppRef, id: &str) -> Result<(), Error> {
    if !find(shared, app).await?.iter().any(|found| found.id == id) {
        return Ok(());
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
        // installation may have an app of the same name, and the app may have another network for a while.
        name: format!("slipway-{}-{}-{}", app.platform_name, app.uuid.simple(), spec.subnet.network()),
        driver: Some("bridge".to_owned()),
        enable_ipv6: Some(false),
        ipam: Some(Ipam { config: Some(vec![addresses]), ..Ipam::default() }),
        options: Some(HashMap::from(options.map(|(key, value)| (key.to_owned(), value.to_owned())))),
        labels: Some(shared.labels.of_app(app)),
        ..NetworkCreateRequest::default()
    }
}

pub(super) fn observed(network: Network) -> Option<ObservedNetwork> {
    let subnet = network.ipam?.config?.into_iter().find_map(|config| config.subnet?.parse::<Ipv4Net>().ok())?;
    Some(ObservedNetwork { id: network.id?, subnet })
}

fn overlaps(error: &EngineError) -> bool {
    errors::message(error).is_some_and(|message| message.contains("Pool overlaps"))
}
