/* Everything a plugin may use. Each header it names also compiles alone. */
#ifndef HOSTLER_HOSTLER_H
#define HOSTLER_HOSTLER_H

#include <hostler/balancer.h>
#include <hostler/connector.h>
#include <hostler/driver.h>
#include <hostler/error.h>
#include <hostler/fields.h>
#include <hostler/host.h>
#include <hostler/plugin.h>
#include <hostler/secret.h>
#include <hostler/session.h>
#include <hostler/strategy.h>
#include <hostler/trigger.h>
#include <hostler/types.h>
#include <hostler/value.h>

#endif
