"""Every sentence and label of the service's pages in English and Korean: one line each, side by side."""

from grader.model.verdict import Language

_TEXTS: dict[str, tuple[str, str]] = {
    # Navigation and sign-in
    "service": ("Course lab", "강의 실습실"),
    "skip": ("Skip to the content", "본문으로 건너뛰기"),
    "home": ("Assignments", "과제"),
    "people": ("People", "사람"),
    "requests": ("Regrade requests", "재채점 요청"),
    "audit": ("Audit log", "변경 기록"),
    "webhooks": ("Webhooks", "웹훅"),
    "platforms": ("Learning platforms", "학습 플랫폼"),
    "sign_out": ("Sign out", "로그아웃"),
    "sign_in": ("Sign in", "로그인"),
    "sign_in_as": ("Sign in with this link?", "이 링크로 로그인할까요?"),
    "sign_in_once": ("The link works once.", "링크는 한 번만 쓸 수 있습니다."),
    "token": ("Token", "토큰"),
    "token_hint": (
        "Paste the token that your teachers gave you, or open the sign-in link that they sent.",
        "담당자에게 받은 토큰을 붙여 넣거나, 받은 로그인 링크를 여세요.",
    ),
    "language_other": ("한국어", "English"),
    # Refusals
    "sign_in_first": ("Sign in first.", "먼저 로그인하세요."),
    "not_found": ("There is nothing here, or it is not yours.", "없는 페이지이거나 볼 수 없는 페이지입니다."),
    "not_allowed": ("Your role does not allow this.", "이 역할로는 할 수 없습니다."),
    "bad_token": ("This token or link is not valid, or was used.", "토큰이나 링크가 유효하지 않거나 이미 쓰였습니다."),
    "forged": (
        "This form is too old or came from another site: open the page again and send it once more.",
        "오래된 양식이거나 다른 사이트에서 온 요청입니다. 페이지를 다시 열고 보내 주세요.",
    ),
    "launch_refused": (
        "This sign-in is not accepted: {why}. Begin again where you came from; if that does not help, show this to "
        "your teachers.",
        "이 로그인을 받아들일 수 없습니다: {why}. 처음부터 다시 하고, 그래도 안 되면 담당자에게 알리세요.",
    ),
    "too_many_requests": (
        "Too many requests: wait {seconds} seconds.",
        "요청이 너무 많습니다. {seconds}초 기다려 주세요.",
    ),
    "cool_down": (
        "You have handed in {count} times within an hour. The next one is possible in {minutes} minutes; your teachers "
        "can allow you more.",
        "한 시간 안에 {count}번 제출했습니다. {minutes}분 뒤에 다시 제출할 수 있고, 담당자가 더 허용할 수 있습니다.",
    ),
    "assignment_closed": ("This assignment is closed.", "마감된 과제입니다."),
    "not_multipart": (
        "Send the files as multipart/form-data in the field `file`.",
        "파일을 multipart/form-data의 `file` 필드로 보내세요.",
    ),
    "no_file": ("Choose a file.", "파일을 고르세요."),
    "upload_cut_off": (
        "The upload was cut off: nothing was kept. Send it again.",
        "업로드가 중간에 끊겨 저장되지 않았습니다. 다시 보내 주세요.",
    ),
    "not_sent": (
        "The upload did not arrive, and nothing was kept: check your connection and send it again.",
        "업로드가 도착하지 않아 저장되지 않았습니다. 연결을 확인하고 다시 보내 주세요.",
    ),
    "too_large": (
        "The files have more than {most} MB: hand in the assignment's code only.",
        "파일이 {most}MB보다 큽니다. 과제 코드만 제출하세요.",
    ),
    "too_many_files": (
        "More than {most} files: hand in the assignment's code only.",
        "파일이 {most}개보다 많습니다. 과제 코드만 제출하세요.",
    ),
    "disk_full": (
        "The service has no room left and kept nothing. Your teachers can see this; try again in a few minutes.",
        "서버에 남은 공간이 없어 저장하지 못했습니다. 담당자가 알 수 있으니 몇 분 뒤에 다시 해 보세요.",
    ),
    "unavailable": (
        "The service cannot reach its database and kept nothing: try again in a minute.",
        "서버가 데이터베이스에 연결하지 못해 저장하지 못했습니다. 1분 뒤에 다시 해 보세요.",
    ),
    "bad_input": ("This cannot be understood: {why}.", "이해할 수 없는 입력입니다: {why}."),
    "grader_says": ("{why}", "{why}"),
    "error": ("The service failed. It was written down; try again.", "서버 오류입니다. 기록되었으니 다시 해 보세요."),
    # Students
    "due": ("due", "마감"),
    "open": ("open", "진행 중"),
    "closed": ("closed", "마감됨"),
    "no_assignments": ("There is no assignment yet.", "아직 과제가 없습니다."),
    "hand_in": ("Hand in", "제출"),
    "choose_files": ("Choose files or drop them here", "파일을 고르거나 여기에 끌어다 놓으세요"),
    "kit": ("Download the kit", "과제 꾸러미 내려받기"),
    "attempts": ("Attempts", "제출 기록"),
    "no_attempts": ("Nothing was handed in yet.", "아직 제출한 것이 없습니다."),
    "attempt": ("Attempt", "제출"),
    "counts_last": ("Your last attempt counts.", "마지막 제출이 점수가 됩니다."),
    "counts_best": ("Your best attempt counts.", "가장 좋은 제출이 점수가 됩니다."),
    "counts": ("counts", "반영"),
    "received": ("Received", "받은 때"),
    "files": ("Files", "파일"),
    "score": ("Score", "점수"),
    "status": ("Status", "상태"),
    "queued": ("waiting", "대기 중"),
    "grading": ("being graded", "채점 중"),
    "graded": ("graded", "채점됨"),
    "refused": ("cannot be read", "읽을 수 없음"),
    "fault": ("the grader failed", "채점기 오류"),
    "place": ("{ahead} ahead of you", "앞에 {ahead}개"),
    "estimate": ("about {seconds} seconds", "약 {seconds}초"),
    "no_estimate": ("no estimate yet", "예상 시간 없음"),
    "opening": (
        "The grader for this assignment is being started, which takes some seconds.",
        "이 과제의 채점기를 시작하는 중입니다. 몇 초 걸립니다.",
    ),
    "stored": ("Your work is stored.", "제출물이 저장되었습니다."),
    "late_rule": (
        "After it, {points} points are taken for each day that has begun.",
        "마감 뒤에는 시작된 하루마다 {points}점이 깎입니다.",
    ),
    "grace": ("The first {minutes} minutes are free.", "처음 {minutes}분은 깎이지 않습니다."),
    "your_extension": ("You have {days} more days.", "{days}일 더 받았습니다."),
    "download_work": ("Download what you handed in", "제출한 것 내려받기"),
    "changes": ("Changes since the attempt before", "이전 제출에서 바뀐 점"),
    "no_changes": ("The code is the same as before.", "이전과 코드가 같습니다."),
    "not_compared": ("The code cannot be compared here.", "여기서는 코드를 비교할 수 없습니다."),
    "ask_regrade": ("Ask for a regrade", "재채점 요청하기"),
    "ask_regrade_hint": ("What was graded wrongly, and why?", "무엇이 왜 잘못 채점되었나요?"),
    "your_request": ("Your request", "요청"),
    "answer": ("Answer", "답변"),
    "waiting_for_answer": ("not answered yet", "아직 답변이 없습니다"),
    "send": ("Send", "보내기"),
    "left_this_hour": ("{count} more hand-ins this hour", "이번 시간에 {count}번 더 제출 가능"),
    # Learning platforms
    "open_window": ("Open the lab in its own window", "새 창에서 실습실 열기"),
    "open_window_why": (
        "Browsers keep no sign-in inside another site's page. The link works once, within ten minutes.",
        "다른 사이트 안에서는 로그인이 유지되지 않습니다. 링크는 10분 안에 한 번만 쓸 수 있습니다.",
    ),
    "choose_assignment": ("Which assignment should the link open?", "링크로 열 과제를 고르세요."),
    "send_back": ("Add the link to the course", "강의에 링크 추가"),
    "registered": ("The lab is registered with {issuer}.", "실습실이 {issuer}에 등록되었습니다."),
    "fetch_members": ("Add its students", "학생 추가"),
    "course": ("Course", "강의"),
    "no_course": (
        "No course yet: a teacher opens the lab from the course first.",
        "아직 강의가 없습니다. 담당 교수가 강의에서 실습실을 먼저 열어야 합니다.",
    ),
    # Staff
    "student": ("Student", "학생"),
    "search": ("Search", "찾기"),
    "all": ("all", "전체"),
    "class": ("Class", "수강생 전체"),
    "statistics": ("Statistics", "통계"),
    "similar": ("Similar work", "비슷한 제출물"),
    "export": ("Export", "내보내기"),
    "regrade_chosen": ("Regrade the chosen, or all", "고른 학생(또는 모두) 재채점"),
    "regrade": ("Regrade", "재채점"),
    "open_assignment": ("Open", "열기"),
    "close_assignment": ("Close", "닫기"),
    "adjust": ("Adjust", "조정"),
    "adjustments": ("Adjustments", "조정 내역"),
    "kind": ("Kind", "종류"),
    "kind_todo": ("points of a TODO", "TODO 점수"),
    "kind_score": ("whole score", "전체 점수"),
    "kind_bonus": ("bonus", "추가 점수"),
    "kind_excuse": ("excuse", "면제"),
    "kind_hold": ("hold back", "보류"),
    "points": ("Points", "점수"),
    "reason": ("Reason (staff only)", "사유 (담당자용)"),
    "comment": ("Comment (for the student)", "의견 (학생용)"),
    "undo": ("Undo", "되돌리기"),
    "extend": ("Extend", "기한 연장"),
    "days": ("Days", "일"),
    "allow_more": ("More hand-ins each hour", "시간당 추가 제출"),
    "code": ("Code", "코드"),
    "hidden_tests": ("Hidden tests", "숨은 테스트"),
    "message": ("Message", "메시지"),
    "remarks": ("Worth a look", "살펴볼 점"),
    "trouble": ("Trouble", "문제"),
    "new_link": ("New sign-in link", "새 로그인 링크"),
    "link_made": (
        "Pass this link on; it works once, within two days:",
        "이 링크를 전해 주세요. 이틀 안에 한 번만 쓸 수 있습니다:",
    ),
    "add_roster": ("Add a roster", "명단 추가"),
    "roster_hint": (
        "Paste a table (CSV) with a header: id, name. Those who are here already stay as they are.",
        "머리글(id, name)이 있는 표(CSV)를 붙여 넣으세요. 이미 있는 사람은 그대로 둡니다.",
    ),
    "add_person": ("Add", "추가"),
    "name": ("Name", "이름"),
    "role": ("Role", "역할"),
    "role_owner": ("owner", "책임자"),
    "role_staff": ("staff", "담당자"),
    "role_grader": ("grader", "채점자"),
    "role_student": ("student", "학생"),
    "shut_out": ("Shut out", "차단"),
    "let_in": ("Let in", "허용"),
    "save": ("Save", "저장"),
    "when": ("When", "때"),
    "who": ("Who", "누가"),
    "what": ("What", "무엇을"),
    "detail": ("Detail", "자세히"),
    "address": ("Address", "주소"),
    "secret": ("Secret for the signature", "서명용 비밀키"),
    "remove": ("Remove", "삭제"),
    "nothing_yet": ("Nothing yet.", "아직 없습니다."),
    "waiting": ("{count} waiting", "{count}개 대기 중"),
}


def translate(language: Language, label: str, **values: object) -> str:
    """Return a label's text with its values filled in. Raises KeyError for one that is not in the catalogue."""
    english, korean = _TEXTS[label]
    text = korean if language == "ko" else english
    return text.format(**values) if values else text


def list_labels() -> list[str]:
    """Return every label."""
    return list(_TEXTS)
