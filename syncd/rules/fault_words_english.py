"""English words for every stable code: title, cause, cure; the rows of `syncd.rules.fault_words`.

The groups and their order are those of the reference page. Nothing here may depend on the single case, which
the message itself describes.
"""

from __future__ import annotations

from typing import Final

_WAIT: Final = "Nothing to do: the next run tries again, and the last good data stays published."
_TELL: Final = "Tell the portal's operator; until then the last good data stays published."
_OWNER: Final = "The connector's owner compares the answer with its README; the portal has probably changed."
_DECIDE: Final = "Compare with the portal; if the change is real, accept it with a reason."
_ADDRESS: Final = "Check the address in the source file; the portal may have moved."
_ACCESS: Final = "Check the credentials and the agreement with the portal's operator."
_SOURCE: Final = "Correct the record at the source."
_REPORT: Final = "Report it as a defect of this program, with the log lines of the run."
_LIST: Final = "List the known names and check the spelling."
_REQUEST: Final = "Correct the request; /v1/openapi.json describes every address."
_LATER: Final = "Try again in a few seconds; the data is safe."
_RESTORE: Final = "Stop the daemon and restore a backup: syncd restore FILE."

# fmt: off
ENGLISH: Final[dict[str, dict[str, tuple[str, str, str]]]] = {
    "How good runs end": {
        "accepted": ("Accepted", "The snapshot was complete and replaced the last one.", ""),
        "unchanged": ("Unchanged", "Nothing has changed since the last good run.", ""),
        "accepted_absent_records_kept": ("Accepted, nothing withdrawn", "Absent records stay, because the listing is not provably complete.", "Look at the findings of the run; otherwise nothing to do."),
        "absent_records_kept": ("Unchanged, nothing withdrawn", "Absent records stay, because the listing is not provably complete.", "Look at the findings of the run; otherwise nothing to do."),
    },
    "Snapshots that are held back until somebody decides": {
        "snapshot_refused": ("Snapshot held back", "The snapshot is readable but must not replace the last one by itself.", _DECIDE),
        "too_many_unusable": ("Too many unusable records", "The share of unusable records is above the source's limit.", "Look at the findings of the run; the portal's format has probably changed."),
        "incomplete_listing": ("Incomplete listing", "A part of the listing is missing; a part never replaces the whole.", _WAIT),
        "declared_total_missed": ("Announced total missed", "The portal announced another number of records than arrived.", _WAIT),
        "empty_snapshot": ("Empty list", "The portal delivered an empty list; that never replaces data by itself.", "Ask the portal's operator. If the portal is really empty, accept the snapshot with a reason."),
        "snapshot_shrunken": ("Too many records missing", "More records are missing than may disappear in one run.", _DECIDE),
        "snapshot_grown": ("Grown unusually", "The snapshot grew more in one run than the source's limit allows.", _DECIDE),
        "already_decided": ("Already decided", "Somebody has decided on this run; a decision never changes.", "Decide on the next refused run."),
    },
    "The portal does not answer": {
        "source_unavailable": ("Portal unavailable", "The portal does not answer as a working portal would.", _WAIT),
        "connection_refused": ("Connection refused", "No service accepts connections at the portal's address.", _WAIT),
        "connection_lost": ("Connection lost", "The portal closed the connection before the end of its answer.", _WAIT),
        "connect_failed": ("Portal out of reach", "No connection to the portal can be made.", "Check this machine's network; otherwise wait."),
        "dns_failure": ("Name resolution failed", "The name servers did not answer or answered with an error.", "Check this machine's name servers; otherwise wait."),
        "dns_unknown_host": ("Unknown host name", "The portal's name does not exist, or no longer.", _ADDRESS),
        "tls_failure": ("TLS failure", "The portal's certificate or TLS set-up is broken; nothing is read insecurely.", _TELL),
        "timeout_connect": ("Timed out connecting", "The portal did not accept the connection in time.", _WAIT),
        "timeout_headers": ("Timed out before the answer", "The portal did not begin its answer in time.", _WAIT),
        "timeout_read": ("Answer stalled", "The portal stopped sending in the middle of its answer.", _WAIT),
        "timeout_total": ("Answer took too long", "The whole answer took longer than allowed.", "Wait; if it stays so, raise the source's time limit."),
        "too_slow": ("Portal sends too slowly", "The transfer is below the minimum rate.", "Wait; if the line is known to be slow, lower the minimum rate."),
        "truncated": ("Answer cut off", "The answer ends before its announced end and was thrown away.", _WAIT),
        "retry_later": ("Portal asks to wait", "The portal named a waiting time that is not over.", "Wait; a longer interval helps."),
        "run_timeout": ("Run took too long", "Reading the source exceeded the time limit of a run.", "Wait for the next run; if the portal is always that slow, raise limits.run_timeout."),
    },
    "The portal turns us away or answers with a status": {
        "source_rejected_us": ("Portal rejects us", "The portal refuses our credentials, our rate or our terms.", _ACCESS),
        "http_401": ("Credentials needed (401)", "The portal demands credentials or does not take ours.", _ACCESS),
        "http_403": ("Access forbidden (403)", "The portal does not allow this request.", _ACCESS),
        "http_404": ("Address not found (404)", "Nothing is at this address; that does not mean that there are no services.", _ADDRESS),
        "http_410": ("Address given up (410)", "The portal gave up this address; that does not mean that there are no services.", _ADDRESS),
        "http_429": ("Too many requests (429)", "The portal limits the number of requests.", "Wait; a longer interval helps."),
        "http_451": ("Unavailable for legal reasons (451)", "The portal blocks this request for legal reasons.", _ACCESS),
        "http_5xx": ("Error of the portal (5xx)", "The portal reports an error of its own; what it sends along is not read.", _WAIT),
        "http_xxx": ("Unusable status", "The portal answers with a status that carries no data here.", _OWNER),
    },
    "The portal answers, but not with data": {
        "source_format": ("Answer not understood", "The answer is not what the connector understands.", _OWNER),
        "malformed_http": ("Malformed HTTP", "The portal's answer violates the HTTP protocol.", _TELL),
        "unexpected_304": ("Unasked 'not modified'", "The portal says 'not modified' although that was not asked.", _TELL),
        "empty_body": ("Empty answer", "The portal's answer has no content.", _TELL),
        "html_instead_of_data": ("Web page instead of data", "A maintenance, login or proxy page answers in place of the data.", "Open the address in a browser and look."),
        "unexpected_content_type": ("Unexpected content type", "The answer names a type that the connector does not read.", _OWNER),
        "charset_refused": ("Character set refused", "The named character set is not taken, because it may distort texts.", "Ask the portal to serve UTF-8."),
        "encoding_refused": ("Content encoding refused", "The answer is packed in a way that was not asked for.", "Ask the portal to serve plain or gzip answers."),
        "bad_compression": ("Damaged compression", "The packed answer is damaged or has something behind it.", _TELL),
        "ratio_exceeded": ("Suspicious expansion", "The packed answer grows suspiciously when unpacked.", "Look at the answer; if it is legitimate, raise the source's ratio limit."),
        "too_large": ("Answer too large", "The answer is larger than allowed for the source.", "If the portal has really grown, raise the limit."),
        "too_many_documents": ("Too many pages", "The portal pages beyond the allowed number of documents.", "Check the connector's paging; if it is right, raise the limit."),
        "no_documents": ("No document", "The connector delivered no document for this run.", _OWNER),
        "redirect_refused": ("Redirect refused", "The portal redirects to a foreign or forbidden address; no credentials were sent along.", "If the new address is right, put it into the source file."),
        "address_refused": ("Internal address refused", "Name or link leads into a network that is not public; no connection was made.", "If the portal really lives in your own network, set allow_private = true in its source file."),
        "foreign_url": ("Link to a foreign address", "A link of the portal leads to another origin.", _ADDRESS),
        "not_json": ("No valid JSON", "The answer is cut, nested too deeply or no JSON.", _OWNER),
        "duplicate_key": ("Key twice", "An object of the JSON names one key twice; which value counts cannot be told.", _TELL),
        "json_too_large": ("JSON too large", "The JSON is larger than a single document may be.", "Ask the portal to split the document into pages."),
        "unknown_encoding": ("Unknown encoding", "The configured or named character set is not read.", "Ask the portal to serve UTF-8."),
        "xml_doctype": ("DOCTYPE in XML", "The document has a DOCTYPE, which can hide, multiply or load texts.", _TELL),
        "xml_include": ("XML includes others", "The document includes other documents (XInclude); nothing is loaded.", _TELL),
        "xml_limit": ("XML beyond a limit", "Depth, names, texts or number of elements are beyond a fixed limit.", _TELL),
        "xml_root": ("Other XML", "The document element belongs to another format or version.", _ADDRESS),
    },
    "What the portal lets us notice without spoiling the run": {
        "near_limit": ("Near a limit", "A value is already near its limit; everything is still read.", "If the growth is real, raise the limit in time."),
        "moved_permanently": ("Moved permanently", "The portal says that the address has moved for good.", "Put the new address into the source file; the old one will end some day."),
        "portal_clock_off": ("Clocks disagree", "The portal's clock and that of this machine disagree.", "Check this machine's clock first; then tell the portal's operator."),
        "certificate_expires": ("Certificate expires soon", "The portal's certificate ends soon; then it can no longer be read.", "Remind the portal's operator to renew it."),
    },
    "The connector or its parser": {
        "bad_header": ("Forbidden header", "The connector sets a header that would undo a protection.", "Correct the connector."),
        "duplicate_document": ("Document twice", "The connector fetched two documents of one name.", "Correct the connector: each document of a run needs its own name."),
        "connector_crashed": ("Connector crashed", "The connector ended the run with an unexpected error; other sources are not affected.", "The connector's owner must look."),
        "parser_crashed": ("Parser crashed", "The process that reads the answer crashed; other sources are not affected.", "The connector's owner must look."),
        "parser_killed": ("Parser killed", "The process that reads the answer was ended, probably by its memory limit.", "Look at the size of the answer; if it is legitimate, raise the memory limit."),
        "parser_timeout": ("Parser took too long", "Reading the answer exceeded its time limit and was ended.", "The connector's owner must look; if the answer is merely large, raise the time limit."),
    },
    "Findings about single records": {
        "bad_date": ("No day", "The text is no existing day; the offer counts as unbounded there.", "Write the day as YYYY-MM-DD, or leave the field out."),
        "bad_encoding": ("Row not readable", "The row is not written in the stated character set; it was set aside.", _SOURCE),
        "bad_id": ("Unusable id", "The record's id is empty, too long or no text.", _SOURCE),
        "bad_language": ("Unusable language", "The value is no language tag; the language counts as undetermined.", "Write de at the source."),
        "bad_url": ("Invalid address", "The text is no complete web address and is not used.", "Enter a complete address that begins with https://."),
        "control_characters": ("Control characters", "Invisible control characters were removed from a text.", _SOURCE),
        "detail_missing": ("Detail missing", "The list names the service, its detail is not found; the list is used.", _TELL),
        "duplicate_id": ("Duplicate id", "Two records of the snapshot carry one id; the choice is the same in any order.", _SOURCE),
        "id_is_number": ("Id is a number", "The id is written as a number; its digits are used.", "Have the portal write ids as texts: leading zeros would be lost."),
        "invalid_service_key": ("No service key", "The text is no 14-digit service key; it is not guessed.", "Enter the 14 digits of the Leistungsschlüssel, or leave the field empty."),
        "land_specific_key": ("Key of a Land", "The key does not begin with 99 and is not part of the federal catalogue.", "Nothing to do; the federal key counts more for coverage."),
        "missing_key": ("Key missing", "The row names no service key.", "Enter the Leistungsschlüssel so that the offer counts."),
        "not_a_service_id": ("No service id", "The row does not begin with the id of a service.", _SOURCE),
        "not_an_object": ("Entry of another kind", "The entry of the list is no object.", _SOURCE),
        "not_public": ("Not public", "The source marks these services as not public; they are left out.", "Nothing to do."),
        "not_text": ("No valid text", "A text holds characters that cannot be written.", _SOURCE),
        "out_of_scope_area": ("Area out of scope", "The source may not speak for this area; the statement is not used.", "If the source is entitled, widen scope.areas."),
        "out_of_scope_service": ("Service out of scope", "The source may not speak for this service; the statement is not used.", "If the source is entitled, widen scope.services."),
        "placeholder_link": ("Placeholder in link", "The link holds a placeholder that was never filled in; it is not used.", "Fill in the placeholder at the source."),
        "record_too_large": ("Record too large", "The record is larger than allowed and was set aside.", _SOURCE),
        "record_without_area": ("Area missing", "The record names no area and the source has no default.", "Name the area in the record, or give the source a default area."),
        "record_without_id": ("Id missing", "The record has no id and cannot be recognised again.", _SOURCE),
        "record_without_key": ("Without service key", "The record carries no usable service key and stays by itself.", "Enter the Leistungsschlüssel so that the offer counts for coverage."),
        "record_without_title": ("Title missing", "The record has no title and was set aside.", _SOURCE),
        "refused_link": ("Link refused", "Only complete http(s) links of at most 2,000 characters are used.", "Correct the link at the source."),
        "row_without_key": ("Row without service", "The row names neither a key nor a service.", _SOURCE),
        "rows_disagree": ("Rows disagree", "Rows of one service name different keys or titles.", _SOURCE),
        "service_reappears": ("Service reappears", "The service was listed before, further up in the same list.", _SOURCE),
        "stated_absent": ("Stated absent", "The list itself says that it did not find this service.", "Nothing to do."),
        "text_too_long": ("Text too long", "A text is longer than allowed; the record was set aside.", "Shorten the text at the source."),
        "too_many_values": ("Too many values", "The record names more values than one may have; it was set aside.", "Split the record, or name the area above."),
        "unknown_authority": ("Unknown authority", "The service names an authority that the register of authorities does not hold.", _SOURCE),
        "unknown_field": ("Unknown field", "The portal sends a field that the connector does not know; everything else is used.", "The connector's owner checks whether the field is needed."),
        "unknown_location": ("Unknown location", "The service names a location that the register of locations does not hold.", _SOURCE),
        "unknown_region": ("Unknown region", "The portal's place search does not know this region.", "Check the regions in the source file."),
        "unknown_status": ("Unknown status", "The status is none of the known words; the row is taken as an offer.", "Use one of the words of the connector's README."),
        "wrong_column_count": ("Wrong number of columns", "The row has another number of columns than the header.", "Check the delimiters and quotation marks of the row."),
    },
    "Configuration and start": {
        "config": ("Wrong setting", "A setting cannot be used.", "Correct the named file and run syncd check."),
        "config_invalid": ("Invalid configuration", "The configuration has errors; all are listed with file and line.", "Correct the named lines and run syncd check."),
        "secret_missing": ("Secret missing", "A setting refers to a variable or file that is missing or empty.", "Set the variable, or make the file readable."),
        "successor_missing": ("Successor missing", "A new edition of areas lets areas end without a successor.", "Add the named lines to the table of successions."),
        "address_unusable": ("Address unusable", "The service cannot open its address, mostly because another one uses it.", "Stop the other service, or change web.port."),
        "daemon_running": ("Daemon already running", "Another daemon works on the same state folder.", "Stop the other daemon, or name another state folder."),
        "source_busy": ("Source is being read", "Another process is reading this source.", "Wait for the end of the run."),
        "rebuild_busy": ("Release is being built", "Another process is building the next release.", "Wait for its end."),
        "rebuild_killed": ("Rebuild killed", "The process that builds the next release was ended; the last one stays published.", "Check the free memory; the rebuild is repeated."),
        "replay_unavailable": ("Replay unavailable", "The replayed portals cannot be started.", "Read the message and check the recordings."),
    },
    "Storage": {
        "storage": ("Storage failed", "Database or disk failed; nothing was half-written.", "Check disk space and database server; the run is repeated by itself."),
        "storage_busy": ("Database busy", "Another process keeps the database busy.", "Wait, or end the other process."),
        "storage_slow": ("Database too slow", "A statement exceeded its time limit.", "Check the load of the database server; the run is repeated."),
        "storage_full": ("Disk full", "The database's disk has no space; nothing was half-written.", "Free space; work then resumes by itself."),
        "storage_read_only": ("Read-only", "Database or folder cannot be written.", "Check this user's rights on file and folder."),
        "storage_unreachable": ("Database unreachable", "Server or file of the database cannot be opened.", "Check that the server runs and that file and folder are readable."),
        "storage_corrupt": ("Database damaged", "The database fails its check; nothing is published from it.", _RESTORE),
        "storage_schema": ("Schema does not fit", "The tables do not fit this version.", "Run syncd db upgrade, or the version that ran last."),
        "storage_denied": ("Database denies access", "User or password of the database is not accepted.", "Check user and password of the database URL."),
    },
    "Questions of readers": {
        "syncd": ("Error", "Something went wrong that has no code of its own.", "Read the message; if it does not help, report it with the run id."),
        "not_found": ("Not found", "Nothing of this name exists.", _LIST),
        "unknown_area": ("Unknown area", "The register does not know this area.", "Check the ARS or AGS; if the area has ended, enter its succession."),
        "unknown_service": ("Unknown service", "There is no service of this key or name.", "Search with a part of the name."),
        "unknown_source": ("Unknown source", "No source of this name is configured.", _LIST),
        "unknown_obligation": ("Unknown obligation", "There is no obligation of this name.", _LIST),
        "unknown_cohort": ("Unknown cohort", "There is no cohort of this name.", _LIST),
        "unknown_state": ("Unknown state", "There is no state of this name.", _LIST),
        "unknown_cause": ("Unknown cause", "There is no cause of this name.", _LIST),
        "no_release": ("Nothing published yet", "No release has been published yet.", "Wait for the first run, or run syncd sync --all."),
        "bad_cursor": ("Bad cursor", "The cursor belongs to another question or another release.", "Follow next of the previous page, or start again without a cursor."),
        "bad_parameter": ("Bad parameter", "A parameter of the request is unknown or has an invalid value.", _REQUEST),
        "request_too_large": ("Request too large", "The request carries a body although none is read here.", "Send the request without a body."),
        "no_such_page": ("No such page", "No route leads to this address.", _REQUEST),
        "method_not_allowed": ("Method not allowed", "The address exists, this method does not.", "Use GET or HEAD."),
        "busy": ("Too many questions at once", "No more questions are answered at one time.", _LATER),
        "internal": ("Defect of this service", "The request failed because of a defect of this service.", "Try again; if it stays, report it with the id of this occurrence."),
    },
    "Our own side": {
        "interrupted": ("Interrupted", "The run was interrupted by a stop.", "Nothing to do: it is repeated."),
        "invariant": ("Defect of this program", "Something that must always hold did not; nothing was published.", _REPORT),
        "defect": ("Defect of this program", "A command failed with an unexpected error.", "Repeat with SYNCD_DEBUG=1 and report what it prints."),
    },
}
# fmt: on
