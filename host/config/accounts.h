/* The accounts of a house that root starts: one for each kind of process, all of them in one group. */
#ifndef HOST_CONFIG_ACCOUNTS_H
#define HOST_CONFIG_ACCOUNTS_H

#define ACCOUNT_GROUP "hostler"
#define ACCOUNT_ENGINE "hostler-engine"
#define ACCOUNT_WORKER "hostler-worker"
#define ACCOUNT_GATEWAY "hostler-gateway"

#endif
