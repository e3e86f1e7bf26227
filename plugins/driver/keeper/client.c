#include "client.h"

#include "certificate.h"
#include "endings.h"
#include "instead.h"
#include "picture.h"
#include "say.h"
#include "secrecy.h"

#include <freerdp/freerdp.h>
#include <freerdp/settings.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <winpr/ssl.h>
#include <winpr/synch.h>

enum { EVENTS_MAX = 64, ACTIVATION_MS = INT32_MAX, TLS_1_2 = 0x0303, NLA = 2, TCP_CLOSED = 7 };

/* One process has one connection. */
static struct {
	const struct client_wish *wish;
	freerdp *instance;
	int socket; /* a second descriptor of the connection, for questions about it */
	int begun;  /* how often a connection was to be made; the second time is one too many */
	int state;  /* enum CONNECTION_STATE: how far it came, were it all to fail now */
	char *bar;
	bool connected;
	UINT32 failed; /* what freerdp said of the failure, before it forgot it in order to try again */
} client;

static BOOL prepare(freerdp *instance)
{
	(void)instance;
	return TRUE;
}

/*
 * Before a password is known to this process. A server that is accepted may have it, and only now it is asked for. The same certificate
 * later in the same process is not asked about again.
 */
static int judge(freerdp *instance, const BYTE *pem, size_t n, const char *host, UINT16 port, DWORD flags)
{
	const char *const *text = client.wish->text;
	const struct certificate_trust trust = {text[KEEPER_CA], text[KEEPER_PIN], text[KEEPER_NAME]};
	char shown[CERTIFICATE_SHOWN] = "", why[400] = "";

	(void)host, (void)port;
	if (flags & (VERIFY_CERT_FLAG_REDIRECT | VERIFY_CERT_FLAG_GATEWAY))
		say_over(KEEPER_SENT_ELSEWHERE, "%s", "");
	if (!certificate_trusted(&trust, (const char *)pem, n, shown, why, sizeof why))
		say_over(KEEPER_CERTIFICATE_REJECTED, "%s", why);
	if (!client.wish->tls_allowed && instance->settings->SelectedProtocol != NLA)
		say_over(KEEPER_NOT_SECURE, "%s", "");
	say(KEEPER_CERTIFICATE, 0, "%s", shown);
	secrecy_receive(instance->settings);
	return 1;
}

/* Nobody is asked for anything. */
static BOOL no_answer(freerdp *instance, char **user, char **password, char **domain)
{
	(void)instance, (void)user, (void)password, (void)domain;
	return FALSE;
}

static int told_of_sign_in(freerdp *instance, UINT32 data, UINT32 type)
{
	enum keeper_cause cause = ending_of_sign_in(type, data);

	(void)instance;
	if (cause)
		say_over(cause, "%s", "");
	return 1;
}

static struct tcp_info about_connection(void)
{
	struct tcp_info info = {0};
	socklen_t n = sizeof info;

	getsockopt(client.socket, IPPROTO_TCP, TCP_INFO, &info, &n);
	return info;
}

/* An answer to the negotiation that grants nothing is 19 bytes, or 11 of a server that knows of none. */
static bool was_only_refused(void)
{
	unsigned long long n = about_connection().tcpi_bytes_received;

	return n == 19 || n == 11;
}

/* Somebody closed it there. What was reset or timed out the kernel has closed by itself. */
static bool was_closed(void)
{
	return about_connection().tcpi_state != TCP_CLOSED;
}

__attribute__((noreturn)) static void end(UINT32 failed)
{
	UINT32 said = freerdp_error_info(client.instance);
	enum keeper_cause cause = said ? ending_of_server(said, client.connected) : 0;

	if (cause)
		say_over(cause, "%s", ending_words(said));
	if (client.connected)
		say_over(was_closed() ? KEEPER_CLOSED : KEEPER_CUT, "%s", "");
	cause = ending_of_connecting(failed);
	/* Some say nothing but this to a wrong password. */
	if (cause == KEEPER_HANGS_UP && client.state == CONNECTION_STATE_NLA)
		cause = KEEPER_NOT_TAKEN;
	if (cause == KEEPER_NOT_SECURE && !was_only_refused())
		cause = KEEPER_NO_SERVER;
	say_over(cause, "%s", "");
}

/*
 * freerdp connects by the number of a socket where it finds a '|' for the name; the name itself is put in its place before anybody is
 * told of it. It tries again by itself, and goes where a server sends it: neither is wanted, and this process is over then.
 */
static void change(void *context, ConnectionStateChangeEventArgs *happened)
{
	rdpSettings *settings = ((rdpContext *)context)->settings;

	switch (happened->state) {
	case CONNECTION_STATE_NEGO:
		if (client.begun++ > 0) {
			if (settings->RedirectionFlags)
				say_over(KEEPER_SENT_ELSEWHERE, "%s", "");
			end(client.failed);
		}
		/* The '|' itself is looked at later, so it stays where it is. */
		client.bar = settings->ServerHostname;
		settings->ServerHostname = strdup(client.wish->text[KEEPER_NAME]);
		settings->ServerPort = client.wish->port;
		break;
	case CONNECTION_STATE_MCS_CONNECT:
		say(KEEPER_SECURED, 0, "%s", settings->SelectedProtocol == NLA ? "nla" : "tls");
		break;
	case CONNECTION_STATE_INITIAL:
		client.failed = freerdp_get_last_error((rdpContext *)context);
		break;
	default:
		break;
	}
	if (happened->state != CONNECTION_STATE_INITIAL)
		client.state = happened->state;
}

static void set_bool(rdpSettings *settings, size_t what, BOOL to)
{
	if (!freerdp_settings_set_bool(settings, what, to))
		abort();
}

static void set_number(rdpSettings *settings, size_t what, UINT32 to)
{
	if (!freerdp_settings_set_uint32(settings, what, to))
		abort();
}

static void set_text(rdpSettings *settings, size_t what, const char *to)
{
	if (!freerdp_settings_set_string(settings, what, to))
		abort();
}

static void be_modest(rdpSettings *settings)
{
	static const size_t no[] = {
		FreeRDP_RdpSecurity, FreeRDP_ExtSecurity, FreeRDP_AutoReconnectionEnabled, FreeRDP_GatewayEnabled, FreeRDP_DeviceRedirection,
		FreeRDP_RedirectClipboard, FreeRDP_RedirectDrives, FreeRDP_RedirectHomeDrive, FreeRDP_RedirectPrinters,
		FreeRDP_RedirectSmartCards, FreeRDP_RedirectSerialPorts, FreeRDP_RedirectParallelPorts, FreeRDP_AudioPlayback,
		FreeRDP_AudioCapture, FreeRDP_RemoteConsoleAudio, FreeRDP_SupportDynamicChannels, FreeRDP_SupportGraphicsPipeline,
		FreeRDP_SupportMultitransport, FreeRDP_SupportHeartbeatPdu, FreeRDP_RemoteFxCodec, FreeRDP_NSCodec, FreeRDP_JpegCodec,
		FreeRDP_SurfaceCommandsEnabled, FreeRDP_FrameMarkerCommandEnabled, FreeRDP_BitmapCacheEnabled, FreeRDP_BitmapCacheV3Enabled,
		FreeRDP_CompressionEnabled, FreeRDP_FastPathInput, FreeRDP_HasHorizontalWheel, FreeRDP_UnicodeInput,
	};

	for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
		set_bool(settings, no[i], FALSE);
}

static void settle(rdpSettings *settings, const struct client_wish *wish)
{
	be_modest(settings);
	set_bool(settings, FreeRDP_NlaSecurity, TRUE);
	set_bool(settings, FreeRDP_TlsSecurity, wish->tls_allowed);
	set_bool(settings, FreeRDP_NegotiateSecurityLayer, TRUE);
	set_bool(settings, FreeRDP_ExternalCertificateManagement, TRUE);
	set_bool(settings, FreeRDP_SoftwareGdi, TRUE);
	freerdp_settings_set_uint16(settings, FreeRDP_TLSMinVersion, TLS_1_2);
	set_number(settings, FreeRDP_TcpAckTimeout, ACTIVATION_MS);
	set_number(settings, FreeRDP_DesktopWidth, wish->width);
	set_number(settings, FreeRDP_DesktopHeight, wish->height);
	set_number(settings, FreeRDP_ColorDepth, 16);
	set_text(settings, FreeRDP_ServerHostname, "|");
	set_number(settings, FreeRDP_ServerPort, (UINT32)wish->socket);
	set_text(settings, FreeRDP_Username, wish->text[KEEPER_USER]);
	set_text(settings, FreeRDP_Domain, wish->text[KEEPER_DOMAIN]);
	set_text(settings, FreeRDP_AlternateShell, wish->text[KEEPER_SHELL]);
	set_text(settings, FreeRDP_ClientHostname, "hostler");
}

static BOOL after_connect(freerdp *instance)
{
	picture_ignore(instance->update);
	return TRUE;
}

/* Until it is over, or nobody wants it any more. */
static void hold(freerdp *instance)
{
	HANDLE driver = CreateFileDescriptorEvent(NULL, FALSE, FALSE, STDIN_FILENO, WINPR_FD_READ), events[EVENTS_MAX];

	for (;;) {
		DWORD n = freerdp_get_event_handles(instance->context, events, EVENTS_MAX - 1);

		if (n == 0)
			end(0);
		events[n] = driver;
		if (WaitForMultipleObjects(n + 1, events, FALSE, INFINITE) == WAIT_FAILED)
			end(0);
		if (WaitForSingleObject(driver, 0) == WAIT_OBJECT_0)
			return;
		if (!freerdp_check_event_handles(instance->context) || freerdp_shall_disconnect(instance))
			end(0);
	}
}

static freerdp *make(void)
{
	static wEventType more[] = {DEFINE_EVENT_ENTRY(ConnectionStateChange)};
	freerdp *instance = freerdp_new();

	if (!instance)
		abort();
	instance->ContextSize = sizeof(rdpContext);
	if (!freerdp_context_new(instance))
		abort();
	instance->PreConnect = prepare;
	instance->PostConnect = after_connect;
	instance->Authenticate = no_answer;
	instance->GatewayAuthenticate = no_answer;
	instance->VerifyX509Certificate = judge;
	instance->LogonErrorInfo = told_of_sign_in;
	/* freerdp tells of this one, but has not put it on its own list. */
	PubSub_AddEventTypes(instance->context->pubSub, more, 1);
	PubSub_SubscribeConnectionStateChange(instance->context->pubSub, change);
	return instance;
}

void client_prepare(void)
{
	setenv("WLOG_LEVEL", "OFF", 1);
	/* NLA is made of ciphers that OpenSSL keeps in a file of its own by now. */
	if (!winpr_InitializeSSL(WINPR_SSL_INIT_DEFAULT))
		abort();
	client.instance = make();
}

void client_keep(const struct client_wish *wish)
{
	rdpSettings *settings = client.instance->settings;

	client.wish = wish;
	client.socket = dup(wish->socket);
	instead_wake_by(client.socket);
	settle(settings, wish);
	if (!freerdp_connect(client.instance))
		end(client.failed ? client.failed : freerdp_get_last_error(client.instance->context));
	client.connected = true;
	secrecy_forget(settings);
	say(KEEPER_CONNECTED, 0, "%ux%u", settings->DesktopWidth, settings->DesktopHeight);
	hold(client.instance);
	freerdp_disconnect(client.instance);
}
