/* wsload: WebSocket fan-out load for any text protocol. One thread, epoll.
 *
 *   wsload -p PORT -c CONNS -P PATH [-i INIT]... -m PUBLISH [-r RATE] [-d SECS] [-s SIZE] [-k SENDERS] [-w WARM] [-g ROOMS] [-H HEADER] [-q DEPTH] [-L] [-T TOKENS] [-R ROOM_IDS] [-v]
 *
 * Opens CONNS connections to 127.0.0.1:PORT PATH (%d in PATH, INIT and PUBLISH = connection index modulo
 * ROOMS; %i = the connection's own index), sends each INIT in turn, then the first SENDERS connections publish
 * RATE messages a second in all for SECS seconds. In PUBLISH, %b is the body: "~~<monotonic ns>.<sender>~~" + padding,
 * %n a counter. Every text frame is scanned for every "~~ns.sender~~": each is one delivery, and its age one latency sample.
 * RATE 0 = closed loop: SENDERS each keep -q (1) messages outstanding, by their own echo.
 * -T and -R name files with a line for each connection and each room: %t and %r in templates.
 * -L: lockstep, each INIT waits for a text frame from the server (Socket.IO), and "2" is answered with "3" (its ping).
 * -v: print a line "measuring" when all are connected and warm.
 * Prints one line of key=value figures.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/resource.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>

static uint64_t now(void){struct timespec t;clock_gettime(CLOCK_MONOTONIC,&t);return t.tv_sec*1000000000ull+t.tv_nsec;}
typedef struct {int fd,idx,up;unsigned char*buf;size_t len,cap;char*out;size_t outlen,outoff;int inflight,step;} Conn;
static int N=100,port=8000,rate=100,secs=5,size=64,senders=1,rooms=1,warm=1,depth=1,ninit=0,lockstep=0,verbose=0;
static char**tokens=0,**roomids=0;
static char**lines(const char*f){FILE*h=fopen(f,"r");if(!h){perror(f);exit(2);}size_t k=0,cap=1024;char**v=malloc(cap*sizeof*v);char b[8192];while(fgets(b,sizeof b,h)){b[strcspn(b,"\r\n")]=0;if(k+1>=cap)v=realloc(v,(cap*=2)*sizeof*v);v[k++]=strdup(b);}v[k]=0;fclose(h);return v;}
static char*path="/",*pub="%b",*inits[8],*hdr="";static uint32_t*lat;static size_t nlat,caplat=20000000;
static uint64_t deliv,frames,bytes,sent,t_start,t_stop;static int measuring,closed;
static Conn*cs;static int ep;
static void want(Conn*c,int out){struct epoll_event e={.events=EPOLLIN|(out?EPOLLOUT:0),.data.ptr=c};epoll_ctl(ep,EPOLL_CTL_MOD,c->fd,&e);}
static void flush_(Conn*c){while(c->outoff<c->outlen){ssize_t n=send(c->fd,c->out+c->outoff,c->outlen-c->outoff,MSG_NOSIGNAL);if(n<0){if(errno==EAGAIN){want(c,1);return;}closed++;return;}c->outoff+=n;}c->outlen=c->outoff=0;want(c,0);}
static void raw(Conn*c,const char*d,size_t n){c->out=realloc(c->out,c->outlen+n+1);memcpy(c->out+c->outlen,d,n);c->outlen+=n;flush_(c);}
static void sendframe(Conn*c,int op,const char*d,size_t n){unsigned char h[14];int k=0;h[k++]=0x80|op;if(n<126)h[k++]=0x80|n;else if(n<65536){h[k++]=0x80|126;h[k++]=n>>8;h[k++]=n;}else{h[k++]=0x80|127;for(int i=7;i>=0;i--)h[k++]=(uint64_t)n>>(8*i);}
 unsigned char m[4]={1,2,3,4};memcpy(h+k,m,4);k+=4;char*b=malloc(k+n);memcpy(b,h,k);for(size_t i=0;i<n;i++)b[k+i]=d[i]^m[i&3];raw(c,b,k+n);free(b);}
static char*expand(const char*t,Conn*c){static char o[1<<20];size_t k=0;static uint64_t ctr;for(;*t;t++){if(*t=='%'&&t[1]){t++;if(*t=='d')k+=sprintf(o+k,"%d",c->idx%rooms);else if(*t=='i')k+=sprintf(o+k,"%d",c->idx);else if(*t=='t')k+=sprintf(o+k,"%s",tokens[c->idx]);else if(*t=='r')k+=sprintf(o+k,"%s",roomids[c->idx%rooms]);else if(*t=='n')k+=sprintf(o+k,"%llu",(unsigned long long)++ctr);else if(*t=='b'){size_t s=k;k+=sprintf(o+k,"~~%llu.%d~~",(unsigned long long)now(),c->idx);while(k-s<(size_t)size)o[k++]='x';}else o[k++]=*t;}else o[k++]=*t;}o[k]=0;return o;}
static void publish(Conn*c){char*m=expand(pub,c);sendframe(c,1,m,strlen(m));if(measuring)sent++;}
static uint64_t read_at; /* when what is parsed was read */
static void on_text(Conn*c,char*d,size_t n){if(lockstep&&n==1&&*d=='2'){sendframe(c,1,"3",1);return;}if(lockstep&&c->step<ninit){char*m=expand(inits[c->step++],c);sendframe(c,1,m,strlen(m));}if(measuring){frames++;bytes+=n;}char*p=d,*e=d+n;int own=0;while((p=memchr(p,'~',e-p))){if(++p>=e||*p!='~')continue;p++;uint64_t v=0;char*q=p;int who=0;while(q<e&&*q>='0'&&*q<='9')v=v*10+*q++-'0';if(q<e&&*q=='.'){q++;while(q<e&&*q>='0'&&*q<='9')who=who*10+*q++-'0';}if(q+1<e&&q[0]=='~'&&q[1]=='~'&&q>p){p=q+2;if(measuring&&v>=t_start){deliv++;if(nlat<caplat)lat[nlat++]=read_at>v?(read_at-v)/1000:0;}if(c->inflight&&who==c->idx)own++;}else p=q;}
 if(rate==0&&c->idx<senders)while(own-->0&&now()<t_stop)publish(c);}
static size_t parse(Conn*c,unsigned char*d,size_t len){size_t o=0;if(!c->up){char*e=memmem(d,len,"\r\n\r\n",4);if(!e)return 0;if(memcmp(d,"HTTP/1.1 101",12)){fprintf(stderr,"handshake: %.60s\n",d);exit(3);}c->up=1;o=e+4-(char*)d;if(!lockstep)for(int i=0;i<ninit;i++){char*m=expand(inits[i],c);sendframe(c,1,m,strlen(m));}}
 while(len-o>=2){unsigned char*b=d+o;size_t h=2;uint64_t n=b[1]&127;if(n==126){if(len-o<4)break;n=b[2]<<8|b[3];h=4;}else if(n==127){if(len-o<10)break;n=0;for(int i=0;i<8;i++)n=n<<8|b[2+i];h=10;}if(len-o<h+n)break;int op=b[0]&15;if(op<=2)on_text(c,(char*)b+h,n);else if(op==9)sendframe(c,10,(char*)b+h,n);else if(op==8){closed++;}o+=h+n;}
 return o;}
static void keep(Conn*c,unsigned char*d,size_t n){if(n>c->cap||(!n&&c->cap)){free(c->buf);c->buf=n?malloc(n):0;c->cap=n;}if(n)memcpy(c->buf,d,n);c->len=n;}
/* What is read goes through one buffer, which stays in the cache; of each connection only what is left over is kept. */
static void readable(Conn*c){static unsigned char*rx;static size_t cap;for(;;){if(cap<c->len+262144)rx=realloc(rx,cap=2*(c->len+262144));if(c->len)memcpy(rx,c->buf,c->len);ssize_t n=recv(c->fd,rx+c->len,cap-c->len-1,0);if(n<=0){if(n==0||errno!=EAGAIN){closed++;epoll_ctl(ep,EPOLL_CTL_DEL,c->fd,0);}break;}read_at=now();size_t len=c->len+n,done=parse(c,rx,len);keep(c,rx+done,len-done);if(n<(ssize_t)16384)break;}}
static void spin(uint64_t until){struct epoll_event ev[512];while(1){uint64_t t=now();if(t>=until)return;int ms=(until-t)/1000000;int k=epoll_wait(ep,ev,512,ms>1?1:ms);for(int i=0;i<k;i++){Conn*c=ev[i].data.ptr;if(ev[i].events&EPOLLOUT)flush_(c);if(ev[i].events&(EPOLLIN|EPOLLHUP|EPOLLERR))readable(c);}}}
static int cmp(const void*a,const void*b){uint32_t x=*(uint32_t*)a,y=*(uint32_t*)b;return x<y?-1:x>y;}
int main(int ac,char**av){int o;while((o=getopt(ac,av,"p:c:P:i:m:r:d:s:k:w:g:q:H:T:R:Lv"))>0)switch(o){case'p':port=atoi(optarg);break;case'c':N=atoi(optarg);break;case'P':path=optarg;break;case'i':inits[ninit++]=optarg;break;case'm':pub=optarg;break;case'r':rate=atoi(optarg);break;case'd':secs=atoi(optarg);break;case's':size=atoi(optarg);break;case'k':senders=atoi(optarg);break;case'w':warm=atoi(optarg);break;case'g':rooms=atoi(optarg);break;case'L':lockstep=1;break;case'v':verbose=1;break;case'q':depth=atoi(optarg);break;case'H':hdr=optarg;break;case'T':tokens=lines(optarg);break;case'R':roomids=lines(optarg);break;}
 struct rlimit rl={1<<20,1<<20};setrlimit(RLIMIT_NOFILE,&rl);lat=malloc(caplat*4);cs=calloc(N,sizeof*cs);ep=epoll_create1(0);uint64_t t0=now();
 for(int i=0;i<N;i++){Conn*c=cs+i;c->idx=i;int fd=socket(AF_INET,SOCK_STREAM,0);struct sockaddr_in b={.sin_family=AF_INET};b.sin_addr.s_addr=htonl(0x7f000001+1+(i/20000));if(N>20000)bind(fd,(void*)&b,sizeof b);struct sockaddr_in a={.sin_family=AF_INET,.sin_port=htons(port)};inet_pton(AF_INET,"127.0.0.1",&a.sin_addr);if(connect(fd,(void*)&a,sizeof a)){perror("connect");return 2;}int one=1;setsockopt(fd,IPPROTO_TCP,TCP_NODELAY,&one,sizeof one);fcntl(fd,F_SETFL,O_NONBLOCK);c->fd=fd;struct epoll_event e={.events=EPOLLIN,.data.ptr=c};epoll_ctl(ep,EPOLL_CTL_ADD,fd,&e);char r[4096];char*pp=strdup(expand(path,c));int n=snprintf(r,sizeof r,"GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nOrigin: http://127.0.0.1:%d\r\n%s%s\r\n",pp,port,port,hdr,*hdr?"\r\n":"");free(pp);raw(c,r,n);if(i%50==49)spin(now()+2000000);}
 int up=0;for(int k=0;k<600&&up<N;k++){spin(now()+50000000);up=0;for(int i=0;i<N;i++)up+=cs[i].up;}
 double tc=(now()-t0)/1e9;spin(now()+(uint64_t)warm*1000000000ull);
 for(int i=0;i<senders;i++)cs[i].inflight=1;
 if(verbose){puts("measuring");fflush(stdout);}
 t_start=now();t_stop=t_start+secs*1000000000ull;measuring=1;
 if(rate){uint64_t k=0,total=(uint64_t)rate*secs;double gap=1e9/rate;while(k<total){uint64_t due=t_start+(uint64_t)(k*gap);spin(due);do{publish(cs+(k%senders));k++;}while(k<total&&t_start+(uint64_t)(k*gap)<=now()&&k%16);}}
 else{for(int i=0;i<senders;i++)for(int j=0;j<depth;j++)publish(cs+i);spin(t_stop);}
 uint64_t t_end=now();uint64_t last=deliv;double drain0=(now()-t_start)/1e9;double el=drain0;for(int i=0,still=0;i<100&&still<10;i++){spin(now()+100000000);if(deliv==last){still++;continue;}still=0;last=deliv;el=(now()-t_start)/1e9;}
 (void)t_end;qsort(lat,nlat,4,cmp);struct rusage ru;getrusage(RUSAGE_SELF,&ru);
 printf("up=%d connect_s=%.2f sent=%llu deliveries=%llu expected=%llu frames=%llu secs=%.2f deliv_per_s=%.0f p50_us=%u p99_us=%u max_us=%u closed=%d client_cpu_s=%.2f\n",up,tc,(unsigned long long)sent,(unsigned long long)deliv,(unsigned long long)sent*(N/rooms),(unsigned long long)frames,el,deliv/el,nlat?lat[nlat/2]:0,nlat?lat[nlat*99/100]:0,nlat?lat[nlat-1]:0,closed,ru.ru_utime.tv_sec+ru.ru_stime.tv_sec+(ru.ru_utime.tv_usec+ru.ru_stime.tv_usec)/1e6);return 0;}
